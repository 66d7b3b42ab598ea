package dev.heddle.bench.ops;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/** Parts of large tensors, to be computed again and compared. */
public final class Samples {
  private Samples() {}

  /**
   * Places below {@code count}: one anywhere in each of {@code most} stretches of the same length,
   * so that no tile of a kernel goes unseen; all of them where there are no more.
   */
  static long[] places(long count, int most) {
    SplittableRandom random = new SplittableRandom(count);
    long[] places = new long[(int) Math.min(count, most)];
    for (int i = 0; i < places.length; i++) {
      long from = count * i / places.length;
      places[i] = from + random.nextLong(count * (i + 1) / places.length - from);
    }
    return places;
  }

  /**
   * What stands in these rows and columns of {@code matrix}, on the heap.
   *
   * @param rows null for all
   * @param columns null for all, as it must be where elements share blocks
   */
  static HostTensor part(HostTensor matrix, long[] rows, long[] columns) {
    long height = matrix.shape().dim(0);
    long width = matrix.shape().dim(1);
    DType dtype = matrix.dtype();
    int m = Math.toIntExact(rows == null ? height : rows.length);
    int n = Math.toIntExact(columns == null ? width : columns.length);
    HostTensor part = HostTensor.heap(dtype, Shape.of(m, n));
    for (int i = 0; i < m; i++) {
      long row = rows == null ? i : rows[i];
      if (columns == null) {
        long bytes = dtype.bytes(width);
        copy(matrix, row * bytes, part, i * bytes, bytes);
        continue;
      }
      int element = dtype.bytes();
      for (int j = 0; j < n; j++) {
        long to = ((long) i * n + j) * element;
        copy(matrix, (row * width + columns[j]) * element, part, to, element);
      }
    }
    return part;
  }

  private static void copy(HostTensor from, long at, HostTensor to, long offset, long bytes) {
    MemorySegment.copy(from.memory(), at, to.memory(), offset, bytes);
  }

  /** A stretch of {@code tensor}'s elements under another shape, on the heap. */
  static HostTensor stretch(HostTensor tensor, long first, long... extents) {
    HostTensor part = HostTensor.heap(tensor.dtype(), Shape.of(extents));
    copy(tensor, first * tensor.dtype().bytes(), part, 0, part.bytes());
    return part;
  }

  /**
   * What differs more than rounding to {@code got}'s type explains, in words, or null: by some
   * units in its last place, of the larger of the number and the root of all numbers' mean square.
   */
  public static String difference(HostTensor got, HostTensor want) {
    return difference(got, want, 0);
  }

  /** The same where the computation itself explains {@code least} or more. */
  static String difference(HostTensor got, HostTensor want, double least) {
    double scale = scale(want);
    double rounding =
        switch (got.dtype()) {
          case BF16 -> 0x1p-6;
          case F16 -> 0x1p-9;
          default -> 0x1p-13;
        };
    double tolerance = Math.max(least, rounding);
    for (long i = 0; i < want.shape().elements(); i++) {
      double expected = want.getDouble(i);
      double actual = got.getDouble(i);
      if (!(Math.abs(actual - expected) <= tolerance * Math.max(scale, Math.abs(expected)))) {
        return "element %d of %d sampled is %s; the reference computes %s"
            .formatted(i, want.shape().elements(), actual, expected);
      }
    }
    return null;
  }

  /** The root of the mean square. */
  private static double scale(HostTensor tensor) {
    double sum = 0;
    long count = tensor.shape().elements();
    for (long i = 0; i < count; i++) {
      sum += tensor.getDouble(i) * tensor.getDouble(i);
    }
    return Math.sqrt(sum / Math.max(1, count));
  }
}
