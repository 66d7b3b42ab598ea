package dev.heddle.cpu;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.Elements;

/**
 * Lays a whole matrix B {@code [k, n]} out in panels for {@link MatMulTiles}, once, for weights:
 * panel after panel, zeros up to the end of the last.
 */
final class MatMulPacking {
  /** Rows of a panel that are filled at a time: of a transposed matrix, one cache line. */
  private static final int K_STEP = 16;

  private MatMulPacking() {}

  /** Panels that {@code n} columns take. */
  static int panels(MatMulTiles tiles, int n) {
    return Math.ceilDiv(n, tiles.width());
  }

  /** Bytes of a packed {@code [k, n]}. */
  static long bytes(MatMulTiles tiles, int k, int n) {
    long columns = (long) panels(tiles, n) * tiles.width();
    return Math.multiplyExact(columns * Float.BYTES, (long) k);
  }

  /**
   * Packs a matrix of {@code dtype}, converted to float32.
   *
   * @param from where element (0, 0) lies
   * @param kStride bytes from k to k + 1
   * @param columnStride bytes from column to column
   * @param to {@link #bytes} bytes
   * @param workers who share the work, a panel a piece
   */
  static void pack(
      MatMulTiles tiles,
      DType dtype,
      long from,
      long kStride,
      long columnStride,
      int k,
      int n,
      long to,
      WorkerPool workers) {
    int width = tiles.width();
    workers.run(
        (panel, scratch) -> {
          int column = panel * width;
          int columns = Math.min(n - column, width);
          long own = from + column * columnStride;
          long place = to + (long) panel * k * width * Float.BYTES;
          packPanel(tiles, dtype, own, kStride, columnStride, k, columns, place);
        },
        panels(tiles, n));
  }

  private static void packPanel(
      MatMulTiles tiles,
      DType dtype,
      long from,
      long kStride,
      long columnStride,
      int k,
      int columns,
      long to) {
    switch (dtype) {
      case F32 -> tiles.pack(from, kStride, columnStride, k, columns, to);
      case F16, BF16, F64 ->
          convertPanel(dtype, from, kStride, columnStride, k, columns, tiles.width(), to);
      default -> throw new IllegalArgumentException("a matrix of " + dtype + " cannot be packed");
    }
  }

  /** A panel of float32 from any strides. */
  static void panel(
      long from, long kStride, long columnStride, int k, int columns, int width, long to) {
    convertPanel(DType.F32, from, kStride, columnStride, k, columns, width, to);
  }

  private static void convertPanel(
      DType dtype,
      long from,
      long kStride,
      long columnStride,
      int k,
      int columns,
      int width,
      long to) {
    for (int first = 0; first < k; first += K_STEP) {
      int last = Math.min(k, first + K_STEP);
      for (int column = 0; column < width; column++) {
        long source = from + column * columnStride + first * kStride;
        long target = to + ((long) first * width + column) * Float.BYTES;
        for (int p = first; p < last; p++) {
          Memory.putFloat(target, column < columns ? toFloat(dtype, source) : 0);
          source += kStride;
          target += (long) width * Float.BYTES;
        }
      }
    }
  }

  private static float toFloat(DType dtype, long address) {
    return switch (dtype) {
      case F16 -> Float.float16ToFloat(Memory.getShort(address));
      case BF16 -> Elements.bfloat16ToFloat(Memory.getShort(address));
      case F64 -> (float) Memory.getDouble(address);
      default -> Memory.getFloat(address);
    };
  }
}
