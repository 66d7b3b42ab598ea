package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;
import java.util.function.Predicate;

/**
 * {@link MatMul} with a constant b in blocks, by {@code matmul_blocks.cl}: a lone row, or several,
 * by the same sums. Where groups are too few to keep the device busy, they share the blocks of k,
 * and {@code matmul.cl}'s second kernel adds their sums, as in {@link MatMulLocal}.
 */
final class MatMulBlocks implements Launch {
  /** Columns of a group. */
  private static final int ITEMS = 64;

  /** Rows that an item sums at a time, where there are several. */
  private static final int ROWS = 8;

  private static final int GROUPS_PER_UNIT = 2;

  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;
  private final Kernels kernels;
  private boolean split;

  /**
   * What a node's launches have in common; those that fixed extents rule out are null: for one row
   * or for several, for one block of k and what merges such.
   *
   * @param b where b lies in words
   */
  private record Kernels(
      long b,
      DeviceKernel one,
      DeviceKernel oneOfBlock,
      DeviceKernel many,
      DeviceKernel manyOfBlock,
      DeviceKernel merge) {}

  private MatMulBlocks(LaunchSite site, MatMul op, Kernels kernels) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
    this.kernels = kernels;
  }

  /** Whether this is for the node: else {@link MatMulLocal} reads the blocks as they are. */
  static boolean serves(Node node, MatMul op, Predicate<Value> known, DeviceLimits limits) {
    Value b = node.input(MatMul.B);
    return BlockWords.of(b.type().dtype()) != null
        && known.test(b)
        && !b.type().elements().is(0)
        && (node.input(MatMul.A).type().rank() == 1 || !op.transposeA())
        && MatMulExtents.isOneProduct(node, op)
        && MatMulLaunch.real(node) == DType.F32
        && limits.maxGroupSize() >= ITEMS
        && limits.localBytes() >= (long) ROWS * MatMulTiles.K_BLOCK * Float.BYTES;
  }

  static Choice<Launch.Preparation> choose(Node node, MatMul op, MatMulTuning tuning) {
    return Choice.Run.<Launch.Preparation>of(
            "matmul of blocks",
            "b %s, in words of 16 bytes side by side; %d rows at a time"
                .formatted(node.input(MatMul.B).type().dtype(), ROWS),
            workshop -> prepare(workshop, node, op, tuning))
        .over(MatMul.RESIDUAL)
        .packing(MatMul.B);
  }

  private static Launch.Kernel prepare(
      Workshop workshop, Node node, MatMul op, MatMulTuning tuning) {
    Value b = node.input(MatMul.B);
    BlockWords words = BlockWords.of(b.type().dtype());
    long n = b.type().dim(0).fixed();
    long k = b.type().dim(1).fixed();
    boolean oneBlock = k <= MatMulTiles.K_BLOCK;
    Dim rows = MatMulLocal.rows(node, op);
    boolean severalOnly = rows.isFixed() && rows.fixed() != 1;
    boolean oneOnly = rows.is(1);
    List<String> merging = Types.and(MatMulLaunch.defines(node, op), "A f32", "B f32");
    Kernels kernels =
        new Kernels(
            workshop.place(b, words.getClass(), words.bytes(n, k), words::pack),
            severalOnly ? null : workshop.compile(source(node, op, 1)),
            severalOnly || oneBlock ? null : workshop.compile(source(node, op, 1, "SPLIT")),
            oneOnly ? null : workshop.compile(source(node, op, ROWS)),
            oneOnly || oneBlock ? null : workshop.compile(source(node, op, ROWS, "SPLIT")),
            oneBlock
                ? null
                : workshop.compile(
                    MatMulLocal.source("merge", merging, tuning.local(node, op, false).tiles())));
    return site -> new MatMulBlocks(site, op, kernels);
  }

  private static KernelSource source(Node node, MatMul op, int rows, String... more) {
    DType b = node.input(MatMul.B).type().dtype();
    List<String> defines =
        Types.and(
            MatMulLaunch.defines(node, op),
            Types.BLOCKS,
            "OF_" + b.name(),
            "ROWS " + rows,
            "ITEMS " + ITEMS);
    return new KernelSource("matmul_blocks.cl", "multiply_blocks", Types.and(defines, more));
  }

  private int rows() {
    return extents.m() == 1 ? 1 : ROWS;
  }

  private long blocks() {
    return Math.ceilDiv(extents.k(), (long) MatMulTiles.K_BLOCK);
  }

  @Override
  public long bind() {
    extents.bind();
    long groups =
        Math.ceilDiv(extents.n(), (long) ITEMS) * Math.ceilDiv(extents.m(), (long) rows());
    split = blocks() > 1 && groups < (long) GROUPS_PER_UNIT * site.limits().computeUnits();
    return split ? site.out(0).elements() * blocks() * Float.BYTES : 0;
  }

  @Override
  public void run() {
    long m = extents.m();
    long n = extents.n();
    if (split) {
      site.workspace(0);
    } else {
      site.tensor(site.out(0));
    }
    site.tensor(site.in(MatMul.A)).at(kernels.b);
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    site.put(m).put(n).put(extents.k());
    MatMulLaunch.putAlpha(site, op);
    site.put(extents.biasRow()).put(extents.biasColumn());
    DeviceKernel kernel =
        rows() == 1
            ? split ? kernels.oneOfBlock : kernels.one
            : split ? kernels.manyOfBlock : kernels.many;
    site.launch(
        kernel,
        new Extent(
            Math.ceilDiv(n, (long) ITEMS), Math.ceilDiv(m, (long) rows()), split ? blocks() : 1),
        Extent.of(ITEMS));
    if (split) {
      site.tensor(site.out(0)).workspace(0);
      site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
      site.put(m).put(n).put(blocks());
      MatMulLaunch.putAlpha(site, op);
      site.put(extents.biasRow()).put(extents.biasColumn()).put(extents.products());
      Grid.elements(site, kernels.merge, site.out(0).elements());
    }
  }
}
