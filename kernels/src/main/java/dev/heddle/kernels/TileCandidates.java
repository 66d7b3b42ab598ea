package dev.heddle.kernels;

import java.util.ArrayList;
import java.util.List;

/** Tiles that are worth measuring on a device. */
final class TileCandidates {
  /** Vectors that registers hold, of AVX-512 and NEON, and of what is narrower. */
  private static final int MANY_REGISTERS = 32;

  private static final int FEW_REGISTERS = 16;

  /** Sums of a tile below which multiply-adds wait for each other. */
  private static final int LEAST_SUMS = 8;

  private TileCandidates() {}

  /** All but {@code usual}, of its kind. */
  static List<MatMulTiles> of(MatMulTiles usual, DeviceLimits limits) {
    List<MatMulTiles> all =
        switch (usual) {
          case MatMulTiles.Panels tiles -> panels(tiles, limits);
          case MatMulTiles.Local tiles -> local(tiles, limits);
        };
    all.remove(usual);
    return all;
  }

  private static List<MatMulTiles> panels(MatMulTiles.Panels usual, DeviceLimits limits) {
    int registers = limits.vectorFloats() >= 16 ? MANY_REGISTERS : FEW_REGISTERS;
    List<MatMulTiles> all = new ArrayList<>();
    for (int rows : new int[] {4, 6, 8, 12}) {
      for (int vectors = 1; vectors <= 4; vectors++) {
        int sums = rows * vectors;
        // Besides the sums, a row of b and an element of a.
        if (sums >= LEAST_SUMS && sums + vectors + 1 <= registers) {
          int chunk = Math.ceilDiv(usual.chunk(), rows) * rows;
          all.add(new MatMulTiles.Panels(rows, vectors, usual.lanes(), chunk));
        }
      }
    }
    for (int chunk : new int[] {2, 4, 8, 32}) {
      all.add(
          new MatMulTiles.Panels(
              usual.rows(), usual.vectors(), usual.lanes(), chunk * usual.rows()));
    }
    return all;
  }

  private static List<MatMulTiles> local(MatMulTiles.Local usual, DeviceLimits limits) {
    List<MatMulTiles> all = new ArrayList<>();
    int[] heights =
        usual.rows() <= MatMulTuning.FEW ? new int[] {1, 2, 4, 8} : new int[] {32, 64, 128};
    for (int rows : heights) {
      for (int columns : new int[] {32, 64, 128}) {
        for (int depth : new int[] {8, 16, 32}) {
          for (int itemRows : new int[] {1, 2, 4, 8}) {
            for (int itemColumns : new int[] {1, 2, 4, 8}) {
              if (rows % itemRows == 0 && columns % itemColumns == 0) {
                var tiles = new MatMulTiles.Local(rows, columns, depth, itemRows, itemColumns);
                boolean fits =
                    tiles.localBytes(Float.BYTES) <= limits.localBytes()
                        && tiles.items() <= limits.maxGroupSize();
                if (fits && isBalanced(tiles)) {
                  all.add(tiles);
                }
              }
            }
          }
        }
      }
    }
    return all;
  }

  /** Groups large enough to hide latency, items that use what they read more than once. */
  private static boolean isBalanced(MatMulTiles.Local tiles) {
    boolean few = tiles.rows() <= MatMulTuning.FEW;
    boolean square =
        few
            || tiles.itemRows() == tiles.itemColumns()
            || tiles.itemRows() * 2 == tiles.itemColumns();
    return tiles.items() >= 64
        && tiles.items() <= 256
        && square
        && (few || tiles.itemRows() * tiles.itemColumns() >= 8);
  }
}
