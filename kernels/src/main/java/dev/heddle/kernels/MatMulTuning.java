package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;

/** Which {@link MatMulTiles} products use on a device, and where these come from. */
final class MatMulTuning {
  /**
   * Tiles, and who says so.
   *
   * @param <T> the kernel's kind of tiles
   */
  record Chosen<T extends MatMulTiles>(T tiles, String origin) {
    /** {@code 6 x 2 of 16, chunks of 96 (default)}. */
    @Override
    public String toString() {
      return tiles + " (" + origin + ")";
    }
  }

  private final DeviceLimits limits;

  MatMulTuning(DeviceLimits limits) {
    this.limits = limits;
  }

  Chosen<MatMulTiles.Panels> panels(Node node, MatMul op) {
    int lanes = Math.clamp(Integer.highestOneBit(limits.vectorFloats()), 4, 16);
    return new Chosen<>(new MatMulTiles.Panels(6, 2, lanes, 96), "default");
  }

  Chosen<MatMulTiles.Local> local(Node node, MatMul op, boolean few) {
    return new Chosen<>(
        few ? new MatMulTiles.Local(8, 64, 32, 1, 2) : new MatMulTiles.Local(64, 64, 16, 4, 4),
        "default");
  }
}
