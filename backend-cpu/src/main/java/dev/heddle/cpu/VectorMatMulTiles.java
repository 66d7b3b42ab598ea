package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * Tiles by the Vector API: panels of four vectors; 7 or, where registers are few, 6 rows, 2 or 1.
 */
final class VectorMatMulTiles implements MatMulTiles {
  private static final int WIDTH = 4 * LANES;

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int tallest() {
    return Vectors.MANY_REGISTERS ? 7 : 6;
  }

  @Override
  public int height(int rows) {
    return rows >= tallest() ? tallest() : rows >= 2 ? 2 : 1;
  }

  @Override
  public void multiply(int height, long a, long aStride, long b, long out, int k) {
    switch (height) {
      case 7 -> VectorMatMulKernels.seven(a, aStride, b, out, k);
      case 6 -> {
        VectorMatMulKernels.six(a, aStride, b, out, k);
        VectorMatMulKernels.six(a, aStride, b + 2L * BYTES, out + 2L * BYTES, k);
      }
      case 2 -> VectorMatMulKernels.two(a, aStride, b, out, k);
      case 1 -> VectorMatMulKernels.one(a, b, out, k);
      default -> throw new IllegalArgumentException("no tile has " + height + " rows");
    }
  }

  @Override
  public void combine(
      int rows,
      int columns,
      long from,
      long fromStride,
      float alpha,
      long bias,
      long biasStride,
      long residual,
      long residualStride,
      long to,
      long toStride) {
    if (columns == WIDTH) {
      VectorMatMulKernels.combine(
          rows, from, fromStride, alpha, bias, biasStride, residual, residualStride, to, toStride);
      return;
    }
    for (int row = 0; row < rows; row++) {
      combine(columns, from, alpha, bias, residual, to);
      from += fromStride;
      bias += biasStride;
      residual += residualStride;
      to += toStride;
    }
  }

  private static void combine(
      int count, long from, float alpha, long bias, long residual, long to) {
    FloatVector factor = Vectors.all(alpha);
    long end = (long) count * Float.BYTES;
    long at = 0;
    for (; at <= end - BYTES; at += BYTES) {
      FloatVector y = Vectors.load(from + at).fma(factor, Vectors.load(bias + at));
      Vectors.store(to + at, y.add(Vectors.load(residual + at)));
    }
    // The same two roundings, so it does not matter which loop an element falls into.
    for (; at < end; at += Float.BYTES) {
      float y = Math.fma(Memory.getFloat(from + at), alpha, Memory.getFloat(bias + at));
      Memory.putFloat(to + at, y + Memory.getFloat(residual + at));
    }
  }

  @Override
  public void pack(long from, long kStride, long columnStride, int k, int columns, long to) {
    if (columnStride == Float.BYTES && columns == WIDTH) {
      packRows(from, kStride, k, to);
    } else {
      MatMulPacking.panel(from, kStride, columnStride, k, columns, WIDTH, to);
    }
  }

  private static void packRows(long from, long kStride, int k, long to) {
    for (int p = 0; p < k; p++) {
      FloatVector x = Vectors.load(from);
      FloatVector y = Vectors.load(from + BYTES);
      FloatVector z = Vectors.load(from + 2L * BYTES);
      FloatVector w = Vectors.load(from + 3L * BYTES);
      Vectors.store(to, x);
      Vectors.store(to + BYTES, y);
      Vectors.store(to + 2L * BYTES, z);
      Vectors.store(to + 3L * BYTES, w);
      from += kStride;
      to += 4L * BYTES;
    }
  }
}
