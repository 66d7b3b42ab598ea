package dev.heddle.conformance;

import dev.heddle.op.DynamicQuantize;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.stream.Stream;

/**
 * {@link DynamicQuantize}: widths, axes, sequences, ranges. Every rounding is said, so to the bit.
 */
final class DynamicQuantizeCases {
  /** Rows that hold one sign, nothing, bounds far apart, ties, too little, too much, and NaN. */
  private static final double[][] HARD = {
    {3, 1, 2, 7, 5},
    {-3, -1, -2, -7, -5},
    {0, 0, 0, 0, 0},
    {-1e30, 1, 1e-30, 0, 1e30},
    {-127.5, 127.5, 0.5, 1.5, -2.5},
    {Float.MIN_VALUE, -380 * (double) Float.MIN_VALUE, 0, 0, 0},
    {Float.MAX_VALUE, -Float.MAX_VALUE, 1, 0, -1},
    {Double.NaN, 1, -1, 0, 3},
    {Double.POSITIVE_INFINITY, 1, -1, 0, 3}
  };

  private DynamicQuantizeCases() {}

  static Stream<Case> all() {
    return Stream.of(true, false)
        .flatMap(dequantized ->
            Stream.of(widths(dequantized), axes(dequantized), others(dequantized))
                .flatMap(cases -> cases));
  }

  private static Case make(String what, DynamicQuantize op, Case.Check check) {
    String name = what + (op.dequantized() ? "/dequantized" : "/codes");
    return new Case("DynamicQuantize", DType.F32, name, check);
  }

  private static Stream<Case> widths(boolean dequantized) {
    DynamicQuantize op = new DynamicQuantize(1, dequantized);
    return Stream.of(1, 3, 17, 64, 129, 384, 1031, 20_000)
        .map(width ->
            make(
                "[7," + width + "]",
                op,
                (backend, data) ->
                    new Trial(op, data)
                        .outputs(1 + data.below(3))
                        .input(data.normal(DType.F32, 7, width))
                        .check(backend, Tolerance.EXACT)));
  }

  private static Stream<Case> axes(boolean dequantized) {
    return Stream.of(
            new long[] {5, 7, 33},
            new long[] {2, 20_011},
            new long[] {33},
            new long[] {},
            new long[] {3, 0})
        .flatMap(shape ->
            Stream.iterate(0, axis -> axis <= shape.length, axis -> axis + 1)
                .map(axis -> {
                  DynamicQuantize op = new DynamicQuantize(axis, dequantized);
                  return make(
                      Arrays.toString(shape).replace(" ", "") + "/axis=" + axis,
                      op,
                      (backend, data) ->
                          new Trial(op, data)
                              .outputs(3)
                              .input(data.normal(DType.F32, shape))
                              .check(backend, Tolerance.EXACT));
                }));
  }

  private static Stream<Case> others(boolean dequantized) {
    DynamicQuantize rows = new DynamicQuantize(1, dequantized);
    DynamicQuantize sequences = new DynamicQuantize(0, dequantized);
    double[] hard = Arrays.stream(HARD).flatMapToDouble(Arrays::stream).toArray();
    return Stream.of(
        make(
            "[9,5]/hard ranges",
            rows,
            (backend, data) ->
                new Trial(rows, data)
                    .outputs(3)
                    .input(Data.values(DType.F32, hard, HARD.length, 5))
                    .check(backend, Tolerance.EXACT)),
        make(
            "[75,67]/sequences",
            sequences,
            (backend, data) ->
                new Trial(sequences, data)
                    .input(data.normal(DType.F32, 75, 67))
                    .input(HostTensor.of(new int[] {0, 5, 5, 6, 70, 75}, 6))
                    .check(backend, Tolerance.EXACT)));
  }
}
