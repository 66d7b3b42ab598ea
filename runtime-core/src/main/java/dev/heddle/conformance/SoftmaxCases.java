package dev.heddle.conformance;

import dev.heddle.op.Softmax;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Softmax} and its logarithm: rows from 1 to 650,000, every axis, hidden elements. */
final class SoftmaxCases {
  private static final List<DType> FLOATS = List.of(DType.F32, DType.F64, DType.F16, DType.BF16);

  private SoftmaxCases() {}

  static Stream<Case> all() {
    return Stream.of(false, true)
        .flatMap(log -> Stream.of(rows(log), axes(log), extremes(log)).flatMap(cases -> cases));
  }

  private static Case make(boolean log, DType dtype, String what, Case.Check check) {
    return new Case(log ? "LogSoftmax" : "Softmax", dtype, what, check);
  }

  private static Tolerance tolerance(DType dtype, boolean log) {
    return log ? Tolerance.of(dtype, 2e-6, 2e-6) : Tolerance.of(dtype, 1e-9, 4e-6);
  }

  private static Stream<Case> rows(boolean log) {
    return FLOATS.stream()
        .flatMap(dtype ->
            Stream.of(1, 2, 3, 17, 64, 129, 1000, 4099, 65537, 650_000)
                .filter(length -> length <= 1000 || dtype == DType.F32)
                .map(length ->
                    make(
                        log,
                        dtype,
                        "rows of " + length,
                        (backend, data) ->
                            new Trial(new Softmax(1, log), data)
                                .input(data.gaussian(dtype, 0, 3, length > 9999 ? 2 : 5, length))
                                .check(backend, tolerance(dtype, log)))));
  }

  private static Stream<Case> axes(boolean log) {
    return Stream.of(
            new long[] {33},
            new long[] {7, 33},
            new long[] {3, 17, 5},
            new long[] {2, 3, 17, 5},
            new long[] {3, 0},
            new long[] {0, 3})
        .flatMap(shape ->
            Stream.iterate(0, axis -> axis < shape.length, axis -> axis + 1)
                .flatMap(axis ->
                    Stream.of(DType.F32, DType.F16, DType.BF16)
                        .map(dtype -> axis(log, dtype, axis, shape))));
  }

  private static Case axis(boolean log, DType dtype, int axis, long... shape) {
    return make(
        log,
        dtype,
        Arrays.toString(shape).replace(" ", "") + "/axis=" + axis,
        (backend, data) ->
            new Trial(new Softmax(axis, log), data)
                .input(data.gaussian(dtype, 0, 3, shape))
                .check(backend, tolerance(dtype, log)));
  }

  private static Stream<Case> extremes(boolean log) {
    return FLOATS.stream()
        .flatMap(dtype ->
            Stream.of(
                make(
                    log,
                    dtype,
                    "rows hidden in part and throughout",
                    (backend, data) -> {
                      HostTensor x = data.gaussian(dtype, 0, 3, 4, 67);
                      for (int i = 0; i < 67; i++) {
                        hide(x, 67 + i);
                        if (i != 40) {
                          hide(x, 134 + i);
                        }
                        if (i % 3 > 0) {
                          hide(x, 201 + i);
                        }
                      }
                      return new Trial(new Softmax(1, log), data)
                          .input(x)
                          .check(backend, tolerance(dtype, log));
                    }),
                make(
                    log,
                    dtype,
                    "numbers whose exponentials overflow",
                    (backend, data) ->
                        new Trial(new Softmax(1, log), data)
                            .input(data.gaussian(dtype, 30_000, 40, 3, 67))
                            .check(backend, tolerance(dtype, log))),
                make(
                    log,
                    dtype,
                    "numbers whose exponentials vanish",
                    (backend, data) ->
                        new Trial(new Softmax(1, log), data)
                            .input(data.gaussian(dtype, -30_000, 40, 3, 67))
                            .check(backend, tolerance(dtype, log)))));
  }

  private static void hide(HostTensor x, long index) {
    x.setDouble(index, Double.NEGATIVE_INFINITY);
  }
}
