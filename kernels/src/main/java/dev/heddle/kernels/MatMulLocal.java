package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.List;

/**
 * {@link MatMul} by {@code matmul.cl}: for GPUs, and for float64. Where tiles are too few to keep
 * the device busy, groups share the blocks of k, and a second kernel adds their sums.
 */
final class MatMulLocal implements Launch {
  /** Groups for each multiprocessor below which blocks of k are shared. */
  private static final int GROUPS_PER_UNIT = 2;

  /** The most groups that all devices take along y and z. */
  private static final long MOST_GROUPS = 65535;

  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;

  /** Null where the node's extents rule out that it is needed; so are the next two. */
  private final Variant few;

  private final Variant many;
  private final DeviceKernel merge;
  private final int realBytes;
  private boolean split;

  /**
   * Tiles, and their kernels: one for whole sums, one for a block of k, if there may be several.
   */
  private record Variant(
      MatMulTiles.Local tiles, DeviceKernel multiply, DeviceKernel multiplyBlock) {}

  private MatMulLocal(LaunchSite site, MatMul op, Variant few, Variant many, DeviceKernel merge) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
    this.few = few;
    this.many = many;
    this.merge = merge;
    this.realBytes = MatMulLaunch.real(site.node()).bytes();
  }

  static Choice<Launch.Preparation> choose(
      Node node, MatMul op, DeviceLimits limits, MatMulTuning tuning) {
    MatMulTuning.Chosen<MatMulTiles.Local> many = tuning.local(node, op, false);
    MatMulTuning.Chosen<MatMulTiles.Local> few = tuning.local(node, op, true);
    int bytes = MatMulLaunch.real(node).bytes();
    for (MatMulTiles.Local tiles : List.of(many.tiles(), few.tiles())) {
      if (!fits(tiles, bytes, limits)) {
        return refusal(tiles, bytes, limits);
      }
    }
    return Choice.Run.<Launch.Preparation>of(
            "matmul in local memory",
            "tiles of %s; for few rows of %s".formatted(many, few),
            workshop -> prepare(workshop, node, op, few.tiles(), many.tiles()))
        .over(MatMul.RESIDUAL);
  }

  /** Whether a device runs such tiles of terms of so many bytes. */
  static boolean fits(MatMulTiles.Local tiles, int bytes, DeviceLimits limits) {
    return tiles.localBytes(bytes) <= limits.localBytes() && tiles.items() <= limits.maxGroupSize();
  }

  /** What to say where it does not. */
  static Choice<Launch.Preparation> refusal(
      MatMulTiles.Local tiles, int bytes, DeviceLimits limits) {
    return new Choice.Refuse<>(
        "tiles of %s need %d bytes of local memory and %d work-items a group; the device has %d and %d"
            .formatted(
                tiles,
                tiles.localBytes(bytes),
                tiles.items(),
                limits.localBytes(),
                limits.maxGroupSize()));
  }

  private static Launch.Kernel prepare(
      Workshop workshop, Node node, MatMul op, MatMulTiles.Local few, MatMulTiles.Local many) {
    List<String> defines = defines(node, op);
    // What fixed extents rule out is not compiled.
    Dim rows = rows(node, op);
    boolean oneBlock = inner(node, op).isFixed() && inner(node, op).fixed() <= MatMulTiles.K_BLOCK;
    boolean isFew = rows.isFixed() && rows.fixed() <= MatMulTuning.FEW;
    boolean isMany = rows.isFixed() && rows.fixed() > MatMulTuning.FEW;
    Variant forFew = isMany ? null : variant(workshop, defines, few, oneBlock);
    Variant forMany = isFew ? null : variant(workshop, defines, many, oneBlock);
    DeviceKernel merge = oneBlock ? null : workshop.compile(source("merge", defines, many));
    return site -> new MatMulLocal(site, op, forFew, forMany, merge);
  }

  /** Rows of the products, all together if they are one product. */
  static Dim rows(Node node, MatMul op) {
    TensorType a = node.input(MatMul.A).type();
    if (MatMulExtents.isOneProduct(node, op) && a.rank() > 2) {
      return Dim.product(a.dims().subList(0, a.rank() - 1));
    }
    return a.rank() == 1 ? Dim.of(1) : a.dim(op.transposeA() ? -1 : -2);
  }

  private static Dim inner(Node node, MatMul op) {
    TensorType a = node.input(MatMul.A).type();
    return a.dim(a.rank() > 1 && op.transposeA() ? -2 : -1);
  }

  private static Variant variant(
      Workshop workshop, List<String> defines, MatMulTiles.Local tiles, boolean oneBlock) {
    return new Variant(
        tiles,
        workshop.compile(source("multiply", defines, tiles)),
        oneBlock ? null : workshop.compile(source("multiply", Types.and(defines, "SPLIT"), tiles)));
  }

  /** What tells a product's variant from others, but for its tiles. */
  static List<String> defines(Node node, MatMul op) {
    DType b = node.input(MatMul.B).type().dtype();
    List<String> defines =
        Types.and(
            MatMulLaunch.defines(node, op), "A " + node.input(MatMul.A).type().dtype(), "B " + b);
    if (b.isQuantized()) {
      defines.add(Types.BLOCKS);
    }
    return defines;
  }

  /** A kernel of {@code matmul.cl} with such tiles. */
  static KernelSource source(String entry, List<String> defines, MatMulTiles.Local tiles) {
    return new KernelSource(
        "matmul.cl",
        entry,
        Types.and(
            defines,
            "ROWS " + tiles.rows(),
            "COLUMNS " + tiles.columns(),
            "DEPTH " + tiles.depth(),
            "ITEM_ROWS " + tiles.itemRows(),
            "ITEM_COLUMNS " + tiles.itemColumns()));
  }

  private Variant variant() {
    return extents.m() <= MatMulTuning.FEW ? few : many;
  }

  private long blocks() {
    return Math.ceilDiv(extents.k(), MatMulTiles.K_BLOCK);
  }

  @Override
  public long bind() {
    extents.bind();
    MatMulTiles.Local tiles = variant().tiles;
    long groups =
        Math.ceilDiv(extents.m(), (long) tiles.rows())
            * Math.ceilDiv(extents.n(), (long) tiles.columns())
            * extents.products();
    split = blocks() > 1 && groups < (long) GROUPS_PER_UNIT * site.limits().computeUnits();
    return split ? site.out(0).elements() * blocks() * realBytes : 0;
  }

  @Override
  public void run() {
    Variant variant = variant();
    MatMulTiles.Local tiles = variant.tiles;
    if (split) {
      site.workspace(0);
    } else {
      site.tensor(site.out(0));
    }
    long m = extents.m();
    long n = extents.n();
    long k = extents.k();
    site.tensor(site.in(MatMul.A)).tensor(site.in(MatMul.B));
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    site.put(m).put(n).put(k);
    MatMulLaunch.putAlpha(site, op);
    site.put(extents.aRow()).put(extents.aK()).put(m * k);
    site.put(extents.bK()).put(extents.bColumn()).put(k * n);
    site.put(extents.biasRow()).put(extents.biasColumn()).put(extents.products());
    extents.putBatch();
    long parts = extents.products() * (split ? blocks() : 1);
    site.launch(
        split ? variant.multiplyBlock : variant.multiply,
        new Extent(
            Math.ceilDiv(m, (long) tiles.rows()),
            Math.ceilDiv(n, (long) tiles.columns()),
            Math.min(parts, MOST_GROUPS)),
        Extent.of(tiles.items()));
    if (split) {
      site.tensor(site.out(0)).workspace(0);
      site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
      site.put(m).put(n).put(blocks());
      MatMulLaunch.putAlpha(site, op);
      site.put(extents.biasRow()).put(extents.biasColumn()).put(extents.products());
      extents.putBatch();
      Grid.elements(site, merge, site.out(0).elements());
    }
  }
}
