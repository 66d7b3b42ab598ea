package dev.heddle.conformance;

import dev.heddle.op.Reduce;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Reduce}: every function over every choice of axes; over nothing; NaN and infinity. */
final class ReduceCases {
  private record Shape(long[] extents, List<Integer> axes) {
    @Override
    public String toString() {
      return (Arrays.toString(extents) + "/axes=" + axes).replace(" ", "");
    }

    long terms() {
      return axes.stream().mapToLong(axis -> extents[axis]).reduce(1, (a, b) -> a * b);
    }
  }

  private static final List<Shape> SHAPES =
      List.of(
          new Shape(new long[] {1031}, List.of(0)),
          new Shape(new long[] {17, 129}, List.of(1)),
          new Shape(new long[] {129, 17}, List.of(0)),
          new Shape(new long[] {5, 7, 33}, List.of(1)),
          new Shape(new long[] {5, 7, 33}, List.of(0, 2)),
          new Shape(new long[] {3, 5, 7, 11}, List.of(1, 2)),
          new Shape(new long[] {3, 5, 7, 11}, List.of(0, 1, 2, 3)),
          new Shape(new long[] {1, 2, 9001}, List.of(2)),
          new Shape(new long[] {1, 9001, 3}, List.of(1)),
          new Shape(new long[] {3, 5}, List.of()),
          new Shape(new long[] {1}, List.of(0)),
          new Shape(new long[] {4, 0, 3}, List.of(1)),
          new Shape(new long[] {0, 3}, List.of(1)));

  private ReduceCases() {}

  static Stream<Case> all() {
    return Arrays.stream(Reduce.Kind.values())
        .flatMap(kind ->
            Stream.concat(
                Stream.of(
                        DType.F32,
                        DType.F64,
                        DType.F16,
                        DType.BF16,
                        DType.I32,
                        DType.I64,
                        DType.U8,
                        DType.I8,
                        DType.I16)
                    .flatMap(dtype -> grid(kind, dtype)),
                edges(kind)));
  }

  private static Stream<Case> grid(Reduce.Kind kind, DType dtype) {
    return SHAPES.stream()
        .filter(shape -> dtype == DType.F32 || shape.extents.length == 2)
        .filter(shape -> dtype.isFloat() || whole(kind))
        .flatMap(shape ->
            Stream.of(true, false)
                .filter(keep -> keep || dtype == DType.F32)
                .map(keep -> make(kind, dtype, shape, keep)));
  }

  /** Whether integers give an integer without rounding. */
  private static boolean whole(Reduce.Kind kind) {
    return switch (kind) {
      case SUM, MEAN, MAX, MIN, PROD, L1, SUM_SQUARE -> true;
      case L2, LOG_SUM, LOG_SUM_EXP -> false;
    };
  }

  private static Case make(Reduce.Kind kind, DType dtype, Shape shape, boolean keepDims) {
    Reduce op = new Reduce(kind, shape.axes, keepDims);
    return new Case(
        op.name(),
        dtype,
        shape + (keepDims ? "/keep" : ""),
        (backend, data) ->
            new Trial(op, data)
                .input(operand(kind, dtype, data, shape.extents))
                .check(backend, tolerance(kind, dtype, shape.terms())));
  }

  private static HostTensor operand(Reduce.Kind kind, DType dtype, Data data, long[] shape) {
    if (!dtype.isFloat()) {
      return kind == Reduce.Kind.PROD
          ? data.integers(dtype, 1, 3, shape)
          : data.anyIntegers(dtype, shape);
    }
    return switch (kind) {
      // Products near 1, sums whose logarithm is defined, squares that f16 can hold.
      case PROD -> data.uniform(dtype, 0.97, 1.03, shape);
      case LOG_SUM, MEAN -> data.uniform(dtype, 0.1, 2, shape);
      default -> data.normal(dtype, shape);
    };
  }

  private static Tolerance tolerance(Reduce.Kind kind, DType dtype, long terms) {
    if (!dtype.isFloat()) {
      return Tolerance.EXACT;
    }
    return switch (kind) {
      case MAX, MIN -> Tolerance.EXACT;
      case PROD -> Tolerance.of(dtype, 0, 1e-7 * (terms + 10));
      case SUM, L1, SUM_SQUARE -> Tolerance.sum(dtype, terms);
      case MEAN, L2, LOG_SUM, LOG_SUM_EXP -> Tolerance.sum(dtype, 1);
    };
  }

  private static Stream<Case> edges(Reduce.Kind kind) {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    double[][] rows = {{1, nan, 2}, {1, inf, 2}, {-inf, -inf, -inf}, {1000, 1001, 999}};
    double[] values = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    Reduce op = new Reduce(kind, List.of(1), false);
    return Stream.of(
        new Case(
            op.name(),
            DType.F32,
            "NaN, infinity, large",
            (backend, data) ->
                new Trial(op, data)
                    .input(Data.values(DType.F32, values, rows.length, 3))
                    .check(backend, Tolerance.sum(DType.F32, 1))));
  }
}
