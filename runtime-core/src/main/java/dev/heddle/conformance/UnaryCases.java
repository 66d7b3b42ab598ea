package dev.heddle.conformance;

import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Unary}: every function, type and vector tail, and the numbers at the edges. */
final class UnaryCases {
  private static final List<long[]> SHAPES =
      List.of(
          new long[] {},
          new long[] {1},
          new long[] {3},
          new long[] {17},
          new long[] {64},
          new long[] {129},
          new long[] {3, 5, 7},
          new long[] {1031},
          new long[] {2, 0, 3});

  private UnaryCases() {}

  static Stream<Case> all() {
    return Arrays.stream(Unary.Kind.values())
        .flatMap(kind ->
            DType.scalars().stream()
                .filter(dtype -> takes(kind, dtype))
                .flatMap(dtype -> Stream.concat(shapes(kind, dtype), edges(kind, dtype))));
  }

  private static boolean takes(Unary.Kind kind, DType dtype) {
    return switch (kind) {
      case NOT -> dtype == DType.BOOL;
      case IDENTITY -> true;
      case IS_NAN -> dtype.isFloat();
      default -> dtype.isFloat() || dtype.isInteger() && !kind.floatsOnly();
    };
  }

  private static Stream<Case> shapes(Unary.Kind kind, DType dtype) {
    // All shapes in f32; elsewhere a long one, whose end is no multiple of any vector.
    return SHAPES.stream()
        .filter(shape -> dtype == DType.F32 || shape.length == 1 && shape[0] == 1031)
        .map(shape ->
            new Case(
                kind.name(),
                dtype,
                Arrays.toString(shape).replace(" ", ""),
                (backend, data) ->
                    new Trial(new Unary(kind), data)
                        .input(operand(kind, dtype, data, shape))
                        .check(backend, tolerance(kind, dtype))));
  }

  private static HostTensor operand(Unary.Kind kind, DType dtype, Data data, long[] shape) {
    if (!dtype.isFloat()) {
      return dtype == DType.BOOL ? data.bools(0.5, shape) : data.anyIntegers(dtype, shape);
    }
    return switch (kind) {
      case SQRT, RSQRT, LOG -> data.floats(dtype, () -> Math.exp(logarithm(data)), shape);
      case RECIPROCAL ->
          data.floats(dtype, () -> (data.below(2) * 2 - 1) * Math.exp(logarithm(data)), shape);
      case EXP ->
          data.uniform(dtype, dtype == DType.F16 ? -9 : -80, dtype == DType.F16 ? 11 : 88, shape);
      case SIN, COS, FLOOR, CEIL, ROUND -> data.uniform(dtype, -100, 100, shape);
      default -> data.gaussian(dtype, 0, 3, shape);
    };
  }

  private static double logarithm(Data data) {
    return (data.below(2001) - 1000) / 125.0;
  }

  private static Tolerance tolerance(Unary.Kind kind, DType dtype) {
    boolean exact =
        switch (kind) {
          case IDENTITY, NEG, ABS, SIGN, FLOOR, CEIL, ROUND, RELU, NOT, IS_NAN -> true;
          default -> !dtype.isFloat();
        };
    if (kind == Unary.Kind.GELU && dtype != DType.F64) {
      // Its error is bounded against its operand, here up to 4: GeluCases hold it to that.
      return Tolerance.function(dtype).plus(4 * 0x1p-22);
    }
    return exact ? Tolerance.EXACT : Tolerance.function(dtype);
  }

  /** NaN, infinities, zeros, halves, the largest and the smallest numbers; overflow. */
  private static Stream<Case> edges(Unary.Kind kind, DType dtype) {
    if (!dtype.isFloat()) {
      return Stream.empty();
    }
    double[] values =
        switch (kind) {
          // x * 0 has no value at -infinity, and no two libraries agree on sines of huge angles.
          case GELU, GELU_TANH, QUICK_GELU, SILU ->
              new double[] {Double.NaN, Double.POSITIVE_INFINITY, -100, 100, -20, 20, 1e-6, -1e-6};
          case SIN, COS ->
              new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e-6};
          case RELU -> new double[] {Double.NaN, 1 / 0.0, -1 / 0.0, 2, -2, 1e-6, -1e-6};
          default ->
              new double[] {
                Double.NaN,
                1 / 0.0,
                -1 / 0.0,
                0.5,
                -0.5,
                1.5,
                -1.5,
                2.5,
                -2.5,
                100,
                -100,
                1e-6,
                -1e-6,
                3e4,
                -3e4
              };
        };
    return Stream.of(
        new Case(
            kind.name(),
            dtype,
            "edges",
            (backend, data) ->
                new Trial(new Unary(kind), data)
                    .input(Data.values(dtype, values, 37))
                    .check(backend, tolerance(kind, dtype))));
  }
}
