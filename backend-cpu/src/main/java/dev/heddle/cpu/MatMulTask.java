package dev.heddle.cpu;

import dev.heddle.op.Unary;
import java.lang.foreign.Arena;

/**
 * Matrix products in float32, {@code y = activation(alpha * a @ b + bias) + residual}, {@code a [m,
 * k]}, {@code b [k, n]}, {@code y [m, n]}, in pieces for a {@link WorkerPool}. An instance is set
 * up and run again and again, by one caller at a time, and allocates nothing.
 *
 * <p>Every element of y is summed over blocks of {@value #K_BLOCK} terms from k = 0 on, each block
 * one chain of multiply-adds, the blocks' sums added in order. How m and n are cut, the rows beside
 * it and the number of threads change no bit. Between blocks the sums wait in the piece's scratch.
 *
 * <p>On a Zen 4 core with a peak of 118 GFLOP/s and packed weights: 1024 x 1024 x 1024 runs at 110,
 * {@code [4096, 384]} by {@code [384, 384]} at 107, by {@code [384, 1536]} at 109, {@code [4096,
 * 1536]} by {@code [1536, 384]} at 109, 16 rows of the same at 105.
 *
 * <p>All strides are in bytes. The caller has proven that every operand lies in live memory. y may
 * be the residual, and nothing else that is read.
 */
final class MatMulTask implements WorkerPool.Task {
  /** Where each matrix of a batch begins. One that serves all is given for every index. */
  interface Matrices {
    long a(long index);

    long b(long index);

    /** 0 for none. */
    default long bias(long index) {
      return 0;
    }

    /** 0 for none. */
    default long residual(long index) {
      return 0;
    }

    long y(long index);
  }

  /**
   * Terms that are summed in registers, a multiple of {@link BlockLayout#CHUNK}, and how exact long
   * sums are: of 4096 normal terms, the error is 3.6e-7 of the result's magnitude; with blocks of
   * 1536, 6.8e-7, and no faster.
   */
  static final int K_BLOCK = 384;

  /**
   * Bytes of the panels that some rows go through before the next rows do: what stays in the
   * second-level cache, so that y is written in long runs. With one panel at a time products are 2
   * to 5 % slower (Zen 4, 1 MiB).
   */
  private static final long GROUP_BYTES = 512 << 10;

  /** What a bias or residual is that is absent: the columns of a panel. */
  static final long ZEROS = Arena.global().allocate(4096, NativePool.ALIGNMENT).address();

  private final MatMulTiles tiles;
  private final BlockKernels blocks;
  private final Matrices matrices;
  private final MatMulFinish finish;
  private final MatMulPartition partition = new MatMulPartition();
  private int m;
  private int n;
  private int k;
  private long aRowStride;
  private long aKStride;
  private long packedB;
  private BlockLayout layout;
  private boolean rounds;
  private long bKStride;
  private long bColumnStride;

  MatMulTask(Kernels kernels, Matrices matrices) {
    this.tiles = kernels.matMul();
    this.blocks = kernels.blocks();
    this.matrices = matrices;
    this.finish = new MatMulFinish(kernels, matrices);
  }

  MatMulTask shape(int rows, int columns, int inner) {
    m = rows;
    n = columns;
    finish.columns(columns);
    k = inner;
    return this;
  }

  MatMulTask a(long rowStride, long kStride) {
    aRowStride = rowStride;
    aKStride = kStride;
    return this;
  }

  /** B as {@link MatMulPacking} laid it out, the same for all matrices. */
  MatMulTask packedB(long address) {
    packedB = address;
    return this;
  }

  /**
   * Block-quantised B as {@link BlockPacking} laid it out, the same for all matrices; each piece
   * decodes what it needs.
   */
  MatMulTask blocks(BlockLayout blockLayout, long address) {
    layout = blockLayout;
    packedB = address;
    return this;
  }

  /** Whether a is rounded to 8 bits before it is used, in blocks of {@link BlockLayout#CHUNK}. */
  MatMulTask rounding(boolean wanted) {
    rounds = wanted;
    return this;
  }

  /** B as it is; each piece packs what it needs. */
  MatMulTask b(long kStride, long columnStride) {
    packedB = 0;
    bKStride = kStride;
    bColumnStride = columnStride;
    return this;
  }

  /** y and the residual; a row's elements are adjacent. */
  MatMulTask y(long rowStride) {
    finish.y(rowStride);
    return this;
  }

  MatMulTask alpha(float factor) {
    finish.alpha(factor);
    return this;
  }

  /** 0 for the same in every row; column stride 0 for the same in every column, else 4. */
  MatMulTask bias(long rowStride, long columnStride) {
    finish.bias(rowStride, columnStride);
    return this;
  }

  /** A function that {@link ElementKernels#unary} takes. */
  MatMulTask activation(Unary.Kind kind) {
    finish.activation(kind);
    return this;
  }

  /** Computes {@code count} products. */
  void run(WorkerPool pool, int count) {
    partition.cut(tiles.tallest(), tiles.width(), count, m, n, k, pool.threads(), layout != null);
    pool.run(this, partition.pieces());
  }

  @Override
  public void run(int piece, Scratch scratch) {
    int matrix = partition.matrix(piece);
    int row = partition.row(piece);
    int rows = Math.min(partition.rowsPerPiece(), m - row);
    int panel = partition.panel(piece);
    int panels = Math.min(partition.panelsPerPiece(), MatMulPacking.panels(tiles, n) - panel);
    int longest = Math.min(k, K_BLOCK);
    boolean alone = rows == 1 && layout != null && blocks.multiplies(layout);

    boolean copyA = aKStride != Float.BYTES || rounds;
    long aStride = copyA ? (long) longest * Float.BYTES : aRowStride;
    long aBytes = copyA ? rows * aStride : 0;
    boolean packed = packedB != 0 && layout == null;
    int group = Math.clamp(GROUP_BYTES / Math.max(1, panelBytes(longest)), 1, panels);
    long bBytes = packed ? 0 : group * panelBytes(longest);
    long tileBytes = panelBytes(tiles.tallest());
    long sumsBytes = k > K_BLOCK ? panels * panelBytes(rows) : 0;
    long finishBytes =
        Math.max(finish.scratchBytes(tiles.tallest()), panelBytes(BlockKernels.SCRATCH_ROWS));
    long tile = scratch.address(finishBytes + tileBytes + aBytes + bBytes + sumsBytes);
    long aCopy = tile + tileBytes;
    long bCopy = aCopy + aBytes;
    long sums = bCopy + bBytes;
    long finishing = sums + sumsBytes;

    long aFirst = matrices.a(matrix) + row * aRowStride;
    long bFirst = packedB != 0 ? packedB : matrices.b(matrix);
    for (int k0 = 0; k0 == 0 || k0 < k; k0 += K_BLOCK) {
      int count = Math.min(K_BLOCK, k - k0);
      long aBlock = aFirst + k0 * aKStride;
      if (copyA) {
        copyRows(aBlock, rows, count, aCopy, aStride);
        for (int r = 0; r < rows && rounds; r++) {
          blocks.round(aCopy + r * aStride, count);
        }
        aBlock = aCopy;
      }
      for (int first = 0; first < panels; first += group) {
        int last = Math.min(panels, first + group);
        long bGroup = bFirst + (panel + first) * panelBytes(k) + panelBytes(k0);
        long bStride = panelBytes(k);
        if (!packed) {
          bGroup = bCopy;
          bStride = panelBytes(count);
          for (int i = first; i < last; i++) {
            long to = bGroup + (i - first) * bStride;
            if (alone) {
              continue;
            }
            if (layout == null) {
              pack(bFirst + k0 * bKStride, panel + i, count, to);
            } else {
              decode(bFirst, panel + i, k0, count, to, finishing);
            }
          }
        }
        int height;
        for (int r = 0; r < rows; r += height) {
          height = tiles.height(rows - r);
          long aTile = aBlock + r * aStride;
          for (int i = first; i < last; i++) {
            long bPanel = bGroup + (i - first) * bStride;
            if (alone) {
              long own = panelBytes(i);
              long to = k0 == 0 && count < k ? sums + own : tile;
              blocks.multiply(
                  layout,
                  bFirst + (panel + i) * layout.panelBytes(),
                  k0 / BlockLayout.CHUNK,
                  count / BlockLayout.CHUNK,
                  aTile,
                  to,
                  finishing);
              if (k0 > 0) {
                add(1, tile, sums + own);
              }
              if (k0 + count == k) {
                finish.tile(matrix, row, panel + i, 1, count == k ? tile : sums + own, finishing);
              }
            } else if (count == k) {
              tiles.multiply(height, aTile, aStride, bPanel, tile, k);
              finish.tile(matrix, row + r, panel + i, height, tile, finishing);
            } else {
              long tileSums = sums + panelBytes(i * rows + r);
              multiplyBlock(height, aTile, aStride, bPanel, tile, tileSums, k0, count);
              if (k0 + count == k) {
                finish.tile(matrix, row + r, panel + i, height, tileSums, finishing);
              }
            }
          }
        }
      }
    }
  }

  /** Bytes of {@code rows} rows of a panel or of tiles. */
  private long panelBytes(int rows) {
    return (long) rows * tiles.width() * Float.BYTES;
  }

  /** Transposes a block of A, or copies it. */
  private void copyRows(long from, int rows, int count, long to, long toStride) {
    for (int row = 0; row < rows; row++) {
      if (aKStride == Float.BYTES) {
        Memory.copy(from, to, (long) count * Float.BYTES);
        from += aRowStride;
        to += toStride;
        continue;
      }
      for (int p = 0; p < count; p++) {
        Memory.putFloat(to + (long) p * Float.BYTES, Memory.getFloat(from + p * aKStride));
      }
      from += aRowStride;
      to += toStride;
    }
  }

  private void pack(long from, int panel, int count, long to) {
    int column = panel * tiles.width();
    int columns = Math.min(tiles.width(), n - column);
    tiles.pack(from + column * bColumnStride, bKStride, bColumnStride, count, columns, to);
  }

  private void decode(long from, int panel, int k0, int count, long to, long scratch) {
    blocks.decode(
        layout,
        from + panel * layout.panelBytes(),
        k0 / BlockLayout.CHUNK,
        count / BlockLayout.CHUNK,
        to,
        scratch);
  }

  private void multiplyBlock(
      int height, long a, long aStride, long b, long tile, long sums, int k0, int count) {
    if (k0 == 0) {
      tiles.multiply(height, a, aStride, b, sums, count);
      return;
    }
    tiles.multiply(height, a, aStride, b, tile, count);
    add(height, tile, sums);
  }

  private void add(int height, long tile, long sums) {
    long stride = panelBytes(1);
    tiles.combine(height, tiles.width(), tile, stride, 1, ZEROS, 0, sums, stride, sums, stride);
  }
}
