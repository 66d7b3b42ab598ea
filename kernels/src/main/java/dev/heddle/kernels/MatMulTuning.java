package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.HashMap;
import java.util.Map;

/** Which {@link MatMulTiles} products use on a device, and where these come from. */
final class MatMulTuning {
  /** Up to so many rows are few, where there are tiles for few rows. */
  static final long FEW = 16;

  /**
   * What tiles were measured for.
   *
   * @param few whether for few rows
   */
  record Key(DType a, DType b, long k, long n, boolean few) {
    /** The key of a product whose b has fixed extents; null for another one. */
    static Key of(Node node, MatMul op, boolean few) {
      TensorType b = node.input(MatMul.B).type();
      if (b.rank() < 2 || !b.dim(-1).isFixed() || !b.dim(-2).isFixed()) {
        return null;
      }
      Dim k = b.dim(op.transposeB() ? -1 : -2);
      Dim n = b.dim(op.transposeB() ? -2 : -1);
      return new Key(node.input(MatMul.A).type().dtype(), b.dtype(), k.fixed(), n.fixed(), few);
    }
  }

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

  private final MatMulTiles.Panels panels;
  private final MatMulTiles.Local many;
  private final MatMulTiles.Local few;
  private final Map<Key, MatMulTiles> tuned;
  private final String origin;

  private MatMulTuning(
      MatMulTiles.Panels panels,
      MatMulTiles.Local many,
      MatMulTiles.Local few,
      Map<Key, MatMulTiles> tuned,
      String origin) {
    this.panels = panels;
    this.many = many;
    this.few = few;
    this.tuned = Map.copyOf(tuned);
    this.origin = origin;
  }

  /** What the project ships for a device of this kind. */
  static MatMulTuning defaults(DeviceLimits limits) {
    MatMulTiles.Panels panels = null;
    MatMulTiles.Local many = null;
    MatMulTiles.Local few = null;
    for (TuningFile.Entry entry : TuningFile.shipped(limits.cpu() ? "cpu" : "gpu")) {
      switch (entry.tiles()) {
        case MatMulTiles.Panels tiles -> panels = tiles.forVectors(limits.vectorFloats());
        case MatMulTiles.Local tiles when entry.few() -> few = tiles;
        case MatMulTiles.Local tiles -> many = tiles;
      }
    }
    return new MatMulTuning(panels, many, few, Map.of(), "default");
  }

  /**
   * These, and {@code others} where they were measured.
   *
   * @param source where the others come from: {@code tuned, FILE}
   */
  MatMulTuning with(Map<Key, MatMulTiles> others, String source) {
    Map<Key, MatMulTiles> all = new HashMap<>(tuned);
    all.putAll(others);
    return new MatMulTuning(panels, many, few, all, source);
  }

  /** What was measured. */
  Map<Key, MatMulTiles> tuned() {
    return tuned;
  }

  private MatMulTiles tuned(Key key) {
    return key == null ? null : tuned.get(key);
  }

  /** For products that are not measured. */
  Chosen<MatMulTiles.Panels> panels() {
    return new Chosen<>(panels, "default");
  }

  /** The same. */
  Chosen<MatMulTiles.Local> local(boolean forFew) {
    return new Chosen<>(forFew ? few : many, "default");
  }

  Chosen<MatMulTiles.Panels> panels(Node node, MatMul op) {
    return tuned(Key.of(node, op, false)) instanceof MatMulTiles.Panels tiles
        ? new Chosen<>(tiles, origin)
        : panels();
  }

  Chosen<MatMulTiles.Local> local(Node node, MatMul op, boolean forFew) {
    return tuned(Key.of(node, op, forFew)) instanceof MatMulTiles.Local tiles
        ? new Chosen<>(tiles, origin)
        : local(forFew);
  }
}
