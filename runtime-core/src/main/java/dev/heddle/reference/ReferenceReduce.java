package dev.heddle.reference;

import dev.heddle.op.Reduce;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@link Reduce}. */
final class ReferenceReduce {
  private ReferenceReduce() {}

  static HostTensor run(Call call, Reduce op) {
    HostTensor x = call.in(0);
    HostTensor y = call.result(0);
    Shape shape = x.shape();
    List<Integer> kept = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (!op.axes().contains(axis)) {
        kept.add(axis);
      }
    }
    Elementwise.walk(
        extents(shape, kept),
        new long[1],
        new long[][] {strides(shape, kept)},
        (i, at) -> {
          long[] elements = elements(shape, op.axes(), at[0]);
          if (x.dtype().isFloat()) {
            double[] values = Arrays.stream(elements).mapToDouble(x::getDouble).toArray();
            y.setDouble(i, combine(op.kind(), values));
          } else {
            long[] values = Arrays.stream(elements).map(x::getLong).toArray();
            combine(op.kind(), x.dtype(), values, y, i);
          }
        });
    return y;
  }

  private static Shape extents(Shape shape, List<Integer> axes) {
    return Shape.of(axes.stream().mapToLong(shape::dim).toArray());
  }

  private static long[] strides(Shape shape, List<Integer> axes) {
    long[] all = shape.strides();
    return axes.stream().mapToLong(axis -> all[axis]).toArray();
  }

  /** Where the elements that become one lie, in row-major order. */
  private static long[] elements(Shape shape, List<Integer> axes, long start) {
    Shape reduced = extents(shape, axes);
    long[] elements = new long[Math.toIntExact(reduced.elements())];
    Elementwise.walk(
        reduced,
        new long[] {start},
        new long[][] {strides(shape, axes)},
        (i, at) -> elements[(int) i] = at[0]);
    return elements;
  }

  private static double combine(Reduce.Kind kind, double[] x) {
    return switch (kind) {
      case SUM -> Arrays.stream(x).reduce(0, Double::sum);
      case MEAN -> Arrays.stream(x).reduce(0, Double::sum) / x.length;
      case MAX -> Arrays.stream(x).reduce(Double.NEGATIVE_INFINITY, Math::max);
      case MIN -> Arrays.stream(x).reduce(Double.POSITIVE_INFINITY, Math::min);
      case PROD -> Arrays.stream(x).reduce(1, (a, b) -> a * b);
      case L1 -> Arrays.stream(x).map(Math::abs).reduce(0, Double::sum);
      case L2 -> Math.sqrt(combine(Reduce.Kind.SUM_SQUARE, x));
      case LOG_SUM -> Math.log(combine(Reduce.Kind.SUM, x));
      case LOG_SUM_EXP -> {
        double max = combine(Reduce.Kind.MAX, x);
        // Of infinite elements the greatest decides; their differences are no numbers.
        yield Double.isInfinite(max)
            ? max
            : max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).reduce(0, Double::sum));
      }
      case SUM_SQUARE -> Arrays.stream(x).map(v -> v * v).reduce(0, Double::sum);
    };
  }

  /** Exactly where the result is whole, else truncated towards zero. */
  private static void combine(Reduce.Kind kind, DType dtype, long[] x, HostTensor y, long index) {
    switch (kind) {
      case SUM -> y.setLong(index, Arrays.stream(x).sum());
      case MEAN -> y.setLong(index, x.length == 0 ? 0 : Arrays.stream(x).sum() / x.length);
      case MAX -> y.setLong(index, Arrays.stream(x).reduce(least(dtype), Math::max));
      case MIN -> y.setLong(index, Arrays.stream(x).reduce(greatest(dtype), Math::min));
      case PROD -> y.setLong(index, Arrays.stream(x).reduce(1, (a, b) -> a * b));
      case L1 -> y.setLong(index, Arrays.stream(x).map(Math::abs).sum());
      case SUM_SQUARE -> y.setLong(index, Arrays.stream(x).map(v -> v * v).sum());
      case L2, LOG_SUM, LOG_SUM_EXP ->
          y.setDouble(index, combine(kind, Arrays.stream(x).asDoubleStream().toArray()));
    }
  }

  private static long least(DType dtype) {
    return switch (dtype) {
      case BOOL, U8 -> 0;
      case I8 -> Byte.MIN_VALUE;
      case I16 -> Short.MIN_VALUE;
      case I32 -> Integer.MIN_VALUE;
      case I64 -> Long.MIN_VALUE;
      default -> throw new IllegalArgumentException(dtype + " is no integer");
    };
  }

  private static long greatest(DType dtype) {
    return switch (dtype) {
      case BOOL -> 1;
      case U8 -> 255;
      default -> ~least(dtype);
    };
  }
}
