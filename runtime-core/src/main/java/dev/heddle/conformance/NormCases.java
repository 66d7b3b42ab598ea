package dev.heddle.conformance;

import dev.heddle.op.LayerNorm;
import dev.heddle.op.Op;
import dev.heddle.op.RmsNorm;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link LayerNorm} and {@link RmsNorm}: widths, axes, skips, means far from zero. */
final class NormCases {
  private static final double EPSILON = 1e-5;
  private static final List<DType> FLOATS = List.of(DType.F32, DType.F64, DType.F16, DType.BF16);

  private NormCases() {}

  static Stream<Case> all() {
    return Stream.of(true, false)
        .flatMap(layer ->
            Stream.of(widths(layer), axes(layer), options(layer), hard(layer))
                .flatMap(cases -> cases));
  }

  private static Case make(boolean layer, DType dtype, String what, Case.Check check) {
    return new Case(layer ? "LayerNorm" : "RmsNorm", dtype, what, check);
  }

  private static Op op(boolean layer, int axis) {
    return layer ? new LayerNorm(axis, EPSILON) : new RmsNorm(axis, EPSILON);
  }

  private static Tolerance tolerance(DType dtype) {
    return Tolerance.of(dtype, 1e-5, 1e-5);
  }

  private static Stream<Case> widths(boolean layer) {
    return FLOATS.stream()
        .flatMap(dtype ->
            Stream.of(1, 3, 17, 64, 129, 384, 768, 1031)
                .map(width ->
                    make(
                        layer,
                        dtype,
                        "[7," + width + "]",
                        (backend, data) -> {
                          Trial trial =
                              new Trial(op(layer, 1), data)
                                  .input(data.normal(dtype, 7, width))
                                  .constant(data.normal(dtype, width));
                          if (layer) {
                            trial.constant(data.normal(dtype, width));
                          }
                          return trial.check(backend, tolerance(dtype));
                        })));
  }

  private static Stream<Case> axes(boolean layer) {
    return Stream.of(new long[] {5, 7, 33}, new long[] {2, 3, 5, 17}, new long[] {33})
        .flatMap(shape ->
            Stream.iterate(0, axis -> axis < shape.length, axis -> axis + 1)
                .flatMap(axis ->
                    Stream.of(DType.F32, DType.F16, DType.BF16)
                        .map(dtype -> axis(layer, dtype, axis, shape))));
  }

  private static Case axis(boolean layer, DType dtype, int axis, long... shape) {
    return make(
        layer,
        dtype,
        Arrays.toString(shape).replace(" ", "") + "/axis=" + axis,
        (backend, data) ->
            new Trial(op(layer, axis), data)
                .input(data.normal(dtype, shape))
                .constant(data.normal(dtype, Arrays.copyOfRange(shape, axis, shape.length)))
                .check(backend, tolerance(dtype)));
  }

  private static Stream<Case> options(boolean layer) {
    return FLOATS.stream()
        .flatMap(dtype ->
            Stream.of(1, 2)
                .flatMap(outputs ->
                    Stream.of(true, false).map(skip -> option(layer, dtype, outputs, skip))));
  }

  private static Case option(boolean layer, DType dtype, int outputs, boolean skip) {
    String what = (skip ? "skip" : "alone") + (outputs == 2 ? "+sum" : "");
    return make(
        layer,
        dtype,
        "[17,129]/" + what,
        (backend, data) -> {
          Trial trial =
              new Trial(op(layer, 1), data)
                  .outputs(outputs)
                  .input(data.normal(dtype, 17, 129))
                  .input(data.normal(dtype, 129));
          if (skip && layer) {
            trial.absent();
          }
          if (skip) {
            trial.input(data.normal(dtype, 17, 129));
          }
          return trial.check(backend, tolerance(dtype));
        });
  }

  private static Stream<Case> hard(boolean layer) {
    return Stream.of(
        make(
            layer,
            DType.F32,
            "[9,384]/a mean a thousand deviations away",
            (backend, data) ->
                // The mean of squares less the square of the mean would have no digit left.
                new Trial(op(layer, 1), data)
                    .input(data.gaussian(DType.F32, 1000, 1, 9, 384))
                    .input(data.normal(DType.F32, 384))
                    .check(backend, Tolerance.of(DType.F32, 1e-3, 1e-5).plus(1e-4))),
        make(
            layer,
            DType.F32,
            "[9,384]/rows that are constant",
            (backend, data) ->
                new Trial(op(layer, 1), data)
                    .input(Data.values(DType.F32, new double[] {0.1}, 9, 384))
                    .input(data.normal(DType.F32, 384))
                    .check(backend, Tolerance.of(DType.F32, 1e-4, 1e-5).plus(1e-4))),
        make(
            layer,
            DType.F32,
            "[9,384]/a NaN stays in its row",
            (backend, data) -> {
              HostTensor x = data.normal(DType.F32, 9, 384);
              x.setDouble(3 * 384 + 383, Double.NaN);
              return new Trial(op(layer, 1), data)
                  .input(x)
                  .input(data.normal(DType.F32, 384))
                  .check(backend, tolerance(DType.F32));
            }),
        make(
            layer,
            DType.F32,
            "[0,384]/no rows",
            (backend, data) ->
                new Trial(op(layer, 1), data)
                    .input(data.normal(DType.F32, 0, 384))
                    .input(data.normal(DType.F32, 384))
                    .check(backend, tolerance(DType.F32))),
        make(
            layer,
            DType.F32,
            "[2053,768]/large",
            (backend, data) ->
                new Trial(op(layer, 1), data)
                    .rows(data.normal(DType.F32, 2053, 768))
                    .constant(data.normal(DType.F32, 768))
                    .check(backend, tolerance(DType.F32))));
  }
}
