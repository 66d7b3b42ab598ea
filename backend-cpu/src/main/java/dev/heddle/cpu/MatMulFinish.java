package dev.heddle.cpu;

import dev.heddle.op.Unary;

/**
 * What follows a matrix product's sums: {@code y = activation(alpha * sums + bias) + residual},
 * tile by tile. All strides are in bytes. y may be the residual.
 */
final class MatMulFinish {
  private final MatMulTiles tiles;
  private final ElementKernels elements;
  private final MatMulTask.Matrices matrices;
  private int n;
  private long yRowStride;
  private float alpha = 1;
  private long biasRowStride;
  private long biasColumnStride;
  private Unary.Kind activation = Unary.Kind.IDENTITY;

  MatMulFinish(Kernels kernels, MatMulTask.Matrices matrices) {
    this.tiles = kernels.matMul();
    this.elements = kernels.elements();
    this.matrices = matrices;
  }

  void columns(int columns) {
    n = columns;
  }

  /** y and the residual; a row's elements are adjacent. */
  void y(long rowStride) {
    yRowStride = rowStride;
  }

  void alpha(float factor) {
    alpha = factor;
  }

  /** 0 for the same in every row; column stride 0 for the same in every column, else 4. */
  void bias(long rowStride, long columnStride) {
    biasRowStride = rowStride;
    biasColumnStride = columnStride;
  }

  /** A function that {@link ElementKernels#unary} takes. */
  void activation(Unary.Kind kind) {
    activation = kind;
  }

  /** Bytes of scratch memory for tiles of up to {@code rows} rows. */
  long scratchBytes(int rows) {
    return ElementKernels.SCRATCH + panelBytes(rows);
  }

  /** Bytes of {@code rows} rows of a tile. */
  private long panelBytes(int rows) {
    return (long) rows * tiles.width() * Float.BYTES;
  }

  /**
   * From a tile's complete sums to y.
   *
   * @param sums rows of a panel's width, one after another; overwritten
   * @param scratch {@link #scratchBytes} bytes
   */
  void tile(int matrix, int row, int panel, int height, long sums, long scratch) {
    long sumsStride = panelBytes(1);
    int column = panel * tiles.width();
    int columns = Math.min(tiles.width(), n - column);
    long offset = row * yRowStride + (long) column * Float.BYTES;
    long y = matrices.y(matrix) + offset;
    long bias = matrices.bias(matrix);
    long biasStride = biasRowStride;
    if (bias == 0) {
      bias = MatMulTask.ZEROS;
      biasStride = 0;
    } else {
      bias += row * biasRowStride + column * biasColumnStride;
      if (biasColumnStride == 0) {
        bias = repeat(bias, height, scratch + ElementKernels.SCRATCH);
        biasStride = sumsStride;
      }
    }
    long residual = matrices.residual(matrix);
    long residualStride = yRowStride;
    if (residual == 0) {
      residual = MatMulTask.ZEROS;
      residualStride = 0;
    } else {
      residual += offset;
    }
    if (activation == Unary.Kind.IDENTITY) {
      tiles.combine(
          height,
          columns,
          sums,
          sumsStride,
          alpha,
          bias,
          biasStride,
          residual,
          residualStride,
          y,
          yRowStride);
      return;
    }
    tiles.combine(
        height,
        columns,
        sums,
        sumsStride,
        alpha,
        bias,
        biasStride,
        MatMulTask.ZEROS,
        0,
        sums,
        sumsStride);
    elements.unary(activation, sums, sums, height * tiles.width(), scratch);
    tiles.combine(
        height,
        columns,
        sums,
        sumsStride,
        1,
        MatMulTask.ZEROS,
        0,
        residual,
        residualStride,
        y,
        yRowStride);
  }

  /** Spreads one bias a row over the columns of a tile. */
  private long repeat(long bias, int height, long to) {
    for (int r = 0; r < height; r++) {
      float value = Memory.getFloat(bias + r * biasRowStride);
      for (int c = 0; c < tiles.width(); c++) {
        Memory.putFloat(to + panelBytes(r) + (long) c * Float.BYTES, value);
      }
    }
    return to;
  }
}
