package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * {@link MatMul} of bf16 or f16 by a matrix of the same type, on tensor cores: {@code
 * matmul_tensor.cu}. Its tiles depend on the rows, and no bit on its tiles.
 */
final class MatMulTensor implements Launch {
  /**
   * How the kernel is cut, by how many rows there are.
   *
   * <p>Few rows take as long as reading the weights does, so many bytes of them are to be under way
   * at once: {@code columns * depth * 2 * (stages - 1)} for each group. Many rows take as long as
   * multiplying does, so tiles are large, for each number that is read to be used often.
   */
  private enum Tiles {
    LONE(16, 8, 1, 1, 128, 6),
    FEW(32, 64, 2, 2, 128, 4),
    SOME(128, 64, 2, 2, 64, 3),
    MANY(256, 128, 4, 2, 32, 4);

    final int columns;
    final int rows;
    final int across;
    final int down;
    final int depth;
    final int stages;

    /**
     * Tiles.
     *
     * @param columns columns of the result in a tile
     * @param rows rows
     * @param across warps that share a tile's columns
     * @param down warps that share its rows
     * @param depth terms held at a time
     * @param stages how often so many are held, one less of which are under way
     */
    Tiles(int columns, int rows, int across, int down, int depth, int stages) {
      this.columns = columns;
      this.rows = rows;
      this.across = across;
      this.down = down;
      this.depth = depth;
      this.stages = stages;
    }

    int items() {
      return 32 * across * down;
    }

    int bytes() {
      return stages * depth * (columns + rows) * Short.BYTES;
    }

    long groups(long m, long n) {
      return Math.ceilDiv(m, (long) rows) * Math.ceilDiv(n, (long) columns);
    }

    KernelSource source(List<String> defines) {
      return new KernelSource(
          "matmul_tensor.cu",
          "multiply_tensor",
          Types.and(
              defines,
              "COLUMNS " + columns,
              "ROWS " + rows,
              "ACROSS " + across,
              "DOWN " + down,
              "DEPTH " + depth,
              "STAGES " + stages),
          bytes());
    }
  }

  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;
  private final Map<Tiles, DeviceKernel> kernels;

  private MatMulTensor(LaunchSite site, MatMul op, Map<Tiles, DeviceKernel> kernels) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
    this.kernels = kernels;
  }

  /** Whether this is for the node. */
  static boolean serves(Node node, MatMul op, DeviceLimits limits) {
    DType type = node.input(MatMul.A).type().dtype();
    return limits.tileBytes() >= Tiles.MANY.bytes()
        && (type == DType.BF16 || type == DType.F16)
        && node.input(MatMul.B).type().dtype() == type
        && node.input(MatMul.B).type().rank() == 2
        && (node.input(MatMul.A).type().rank() == 1 || !op.transposeA())
        && MatMulExtents.isOneProduct(node, op)
        && MatMulLaunch.real(node) == DType.F32;
  }

  static Choice<Launch.Preparation> choose(Node node, MatMul op) {
    return Choice.Run.<Launch.Preparation>of(
            "matmul on tensor cores",
            "%s, summed in float32 in one order for any rows"
                .formatted(node.input(MatMul.A).type().dtype()),
            workshop -> prepare(workshop, node, op))
        .over(MatMul.RESIDUAL);
  }

  private static Launch.Kernel prepare(Workshop workshop, Node node, MatMul op) {
    List<String> defines =
        Types.and(MatMulLaunch.defines(node, op), "A " + node.input(MatMul.A).type().dtype());
    Dim m = MatMulLocal.rows(node, op);
    Dim n = node.input(MatMul.B).type().dim(op.transposeB() ? 0 : 1);
    if (!op.transposeB()) {
      defines.add("BY_K");
    }
    int units = workshop.limits().computeUnits();
    Map<Tiles, DeviceKernel> kernels = new EnumMap<>(Tiles.class);
    for (Tiles tiles : Tiles.values()) {
      // What fixed extents rule out is not compiled.
      boolean needed = !m.isFixed() || !n.isFixed() || tiles(m.fixed(), n.fixed(), units) == tiles;
      if (needed) {
        kernels.put(tiles, workshop.compile(tiles.source(defines)));
      }
    }
    return site -> new MatMulTensor(site, op, kernels);
  }

  /** Those for a product: the largest of which every multiprocessor gets one. */
  private static Tiles tiles(long m, long n, int units) {
    if (m <= Tiles.LONE.rows) {
      return Tiles.LONE;
    }
    if (m <= Tiles.FEW.rows) {
      return Tiles.FEW;
    }
    return Tiles.MANY.groups(m, n) >= units
        ? Tiles.MANY
        : Tiles.SOME.groups(m, n) >= units ? Tiles.SOME : Tiles.FEW;
  }

  @Override
  public long bind() {
    extents.bind();
    return 0;
  }

  @Override
  public void run() {
    long m = extents.m();
    long n = extents.n();
    Tiles tiles = tiles(m, n, site.limits().computeUnits());
    site.tensor(site.out(0)).tensor(site.in(MatMul.A)).tensor(site.in(MatMul.B));
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    site.put(m).put(n).put(extents.k());
    MatMulLaunch.putAlpha(site, op);
    site.put(extents.biasRow()).put(extents.biasColumn());
    site.launch(kernels.get(tiles), Extent.of(tiles.groups(m, n)), Extent.of(tiles.items()));
  }
}
