package dev.heddle.kernels;

/** How a kernel cuts matrix products into tiles; which one changes no bit of a result. */
public sealed interface MatMulTiles {
  /**
   * Terms of a sum that are one chain of multiply-adds; the chains' sums are added in order. The
   * same for all tiles, for it decides how sums are rounded.
   */
  int K_BLOCK = 256;

  /**
   * {@code matmul_panels.cl}: tiles in registers, for CPUs.
   *
   * @param rows rows of a tile
   * @param vectors vectors of a tile's row
   * @param lanes floats of a vector: 4, 8 or 16
   * @param chunk rows that a group computes with one panel, if there are as many
   */
  record Panels(int rows, int vectors, int lanes, int chunk) implements MatMulTiles {
    public Panels {
      require(rows > 0 && rows <= 16, "rows", rows);
      require(vectors > 0 && vectors <= 8, "vectors", vectors);
      require(lanes == 4 || lanes == 8 || lanes == 16, "lanes", lanes);
      require(chunk >= rows && chunk <= 4096, "chunk", chunk);
    }

    /** The same for a device with vectors of so many floats. */
    Panels forVectors(int floats) {
      return new Panels(rows, vectors, Math.clamp(Integer.highestOneBit(floats), 4, lanes), chunk);
    }

    /** Columns of a tile. */
    int width() {
      return vectors * lanes;
    }

    /** {@code 6 x 2 of 16, chunks of 96}. */
    @Override
    public String toString() {
      return "%d x %d of %d, chunks of %d".formatted(rows, vectors, lanes, chunk);
    }
  }

  /**
   * {@code matmul.cl}: tiles in the local memory of a group, for GPUs.
   *
   * @param rows rows of a tile
   * @param columns columns of a tile
   * @param depth terms held at a time, a divisor of {@link #K_BLOCK}
   * @param itemRows rows of those that a work-item sums, a divisor of them
   * @param itemColumns columns of those that a work-item sums, a divisor of them
   */
  record Local(int rows, int columns, int depth, int itemRows, int itemColumns)
      implements MatMulTiles {
    public Local {
      require(itemRows > 0 && itemRows <= 16, "itemRows", itemRows);
      require(itemColumns > 0 && itemColumns <= 16, "itemColumns", itemColumns);
      require(rows > 0 && rows <= 512 && rows % itemRows == 0, "rows", rows);
      require(columns > 0 && columns <= 512 && columns % itemColumns == 0, "columns", columns);
      require(depth > 0 && K_BLOCK % depth == 0, "depth", depth);
    }

    /** Work-items of a group. */
    int items() {
      return rows / itemRows * (columns / itemColumns);
    }

    /** Local memory of a group, for terms of so many bytes. */
    long localBytes(int bytes) {
      return (long) depth * (rows + 1 + columns + 1) * bytes;
    }

    /** {@code 64 x 64 by 16, 4 x 4 an item}. */
    @Override
    public String toString() {
      return "%d x %d by %d, %d x %d an item"
          .formatted(rows, columns, depth, itemRows, itemColumns);
    }
  }

  private static void require(boolean holds, String name, int value) {
    if (!holds) {
      throw new IllegalArgumentException("no tiles have " + name + " = " + value);
    }
  }
}
