package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * {@link MatMul} of bf16 or f16 by a matrix of the same type, on tensor cores: {@code
 * matmul_tensor.cu}, and {@code matmul_tensor.sm_90a.cu} where four warps multiply as one. Its
 * tiles depend on the rows, and no bit on its tiles.
 */
final class MatMulTensor implements Launch {
  /** Up to so many rows, the smallest tile that holds them all is best. */
  private static final int FEW_ROWS = 64;

  /** Numbers of which bulk copies want rows to have a multiple, and to begin at one. */
  private static final int MAPPED = 8;

  /**
   * How a kernel is cut, by how many rows there are.
   *
   * <p>Few rows take as long as reading the weights does, so many bytes of them are to be under way
   * at once. Many rows take as long as multiplying does, so tiles are large, for each number that
   * is read to be used often.
   *
   * @param file of the kernel
   * @param columns columns of the result in a tile
   * @param rows rows
   * @param depth terms held at a time
   * @param stages how often so many are held
   * @param items of a group
   * @param cluster groups that share what they load
   * @param extraBytes local memory besides what the stages take
   * @param cut how its warps share a tile, as defines
   */
  private record Tiles(
      String file,
      int columns,
      int rows,
      int depth,
      int stages,
      int items,
      int cluster,
      int extraBytes,
      List<String> cut) {
    /** Of {@code across} warps that share a tile's columns, times {@code down} its rows. */
    static Tiles ofWarps(int columns, int rows, int across, int down, int depth, int stages) {
      List<String> cut = List.of("ACROSS " + across, "DOWN " + down, "DEPTH " + depth);
      int items = 32 * across * down;
      return new Tiles("matmul_tensor.cu", columns, rows, depth, stages, items, 1, 0, cut);
    }

    /**
     * Of four warps for each 64 rows, beside four that load. Two barriers a stage, and room for 64
     * columns of the result, where warps hand it over.
     */
    static Tiles ofWarpgroups(int columns, int rows, int stages, int cluster) {
      int more = 2 * stages * Long.BYTES + rows * Math.min(columns, 64) * Float.BYTES;
      String file = "matmul_tensor.sm_90a.cu";
      List<String> cut = List.of("CLUSTER " + cluster);
      return new Tiles(file, columns, rows, 64, stages, 128 + 2 * rows, cluster, more, cut);
    }

    int bytes() {
      return stages * depth * (columns + rows) * Short.BYTES + extraBytes;
    }

    /** Tiles of a result, those that only fill a cluster among them. */
    long count(long m, long n) {
      long down = Math.ceilDiv(m, (long) rows);
      long across = Math.ceilDiv(n, (long) columns);
      return cluster
          * Math.min(
              Math.ceilDiv(down, (long) cluster) * across,
              down * Math.ceilDiv(across, (long) cluster));
    }

    /**
     * One a tile; where clusters are, no more than run at a time, which go on from tile to tile.
     */
    long groups(long m, long n, int units) {
      long all = count(m, n);
      return cluster == 1 ? all : Math.min(all, Math.max(1, units / cluster) * (long) cluster);
    }

    KernelSource source(List<String> defines) {
      List<String> all = Types.and(defines, "COLUMNS " + columns, "ROWS " + rows);
      all.addAll(cut);
      all.add("STAGES " + stages);
      return new KernelSource(file, "multiply_tensor", all, bytes());
    }
  }

  /** Smaller ones first. */
  private static final List<Tiles> OF_WARPS =
      List.of(
          Tiles.ofWarps(16, 8, 1, 1, 128, 6),
          Tiles.ofWarps(32, 64, 2, 2, 128, 4),
          Tiles.ofWarps(128, 64, 2, 2, 64, 3),
          Tiles.ofWarps(256, 128, 4, 2, 32, 4));

  private static final List<Tiles> OF_WARPGROUPS =
      List.of(
          Tiles.ofWarpgroups(32, 64, 8, 1),
          Tiles.ofWarpgroups(128, 128, 6, 2),
          Tiles.ofWarpgroups(256, 128, 4, 2));

  /** As {@code b} by rows of k is read 64 columns at a time. */
  private static final List<Tiles> OF_WARPGROUPS_BY_K =
      List.of(
          Tiles.ofWarpgroups(64, 64, 6, 1),
          Tiles.ofWarpgroups(128, 128, 6, 2),
          Tiles.ofWarpgroups(256, 128, 4, 2));

  private final LaunchSite site;
  private final MatMul op;
  private final MatMulExtents extents;
  private final List<Tiles> ladder;
  private final DeviceKernel[] kernels;

  private MatMulTensor(LaunchSite site, MatMul op, List<Tiles> ladder, DeviceKernel[] kernels) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
    this.ladder = ladder;
    this.kernels = kernels;
  }

  /** Whether this is for the node. */
  static boolean serves(Node node, MatMul op, DeviceLimits limits) {
    DType type = node.input(MatMul.A).type().dtype();
    return limits.tileBytes() >= ladder(op, limits).getLast().bytes()
        && (type == DType.BF16 || type == DType.F16)
        && node.input(MatMul.B).type().dtype() == type
        && node.input(MatMul.B).type().rank() == 2
        && (node.input(MatMul.A).type().rank() == 1 || !op.transposeA())
        && MatMulExtents.isOneProduct(node, op)
        && MatMulLaunch.real(node) == DType.F32;
  }

  private static List<Tiles> ladder(MatMul op, DeviceLimits limits) {
    if (!limits.warpgroups()) {
      return OF_WARPS;
    }
    return op.transposeB() ? OF_WARPGROUPS : OF_WARPGROUPS_BY_K;
  }

  static Choice<Launch.Preparation> choose(Node node, MatMul op, DeviceLimits limits) {
    return Choice.Run.<Launch.Preparation>of(
            limits.warpgroups() ? "matmul by warpgroups" : "matmul on tensor cores",
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
    List<Tiles> ladder = ladder(op, workshop.limits());
    DeviceKernel[] kernels = new DeviceKernel[ladder.size()];
    for (int i = 0; i < kernels.length; i++) {
      // What fixed extents rule out is not compiled.
      if (!m.isFixed() || !n.isFixed() || best(ladder, m.fixed(), n.fixed(), units) == i) {
        kernels[i] = workshop.compile(ladder.get(i).source(defines));
      }
    }
    return site -> new MatMulTensor(site, op, ladder, kernels);
  }

  /** Those that hold few rows, or else the largest of which every multiprocessor gets one. */
  private static int best(List<Tiles> ladder, long m, long n, int units) {
    int best = -1;
    for (int i = 0; i < ladder.size(); i++) {
      boolean holds = ladder.get(i).rows >= Math.min(m, FEW_ROWS);
      if (holds && (best < 0 || m > FEW_ROWS && ladder.get(i).count(m, n) >= units)) {
        best = i;
      }
    }
    return best;
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
    int units = site.limits().computeUnits();
    int best = best(ladder, m, n, units);
    Tiles tiles = ladder.get(best);
    site.tensor(site.out(0)).tensor(site.in(MatMul.A)).tensor(site.in(MatMul.B));
    if (site.limits().warpgroups()) {
      putMaps(tiles);
    }
    site.tensor(site.in(MatMul.BIAS)).tensor(site.in(MatMul.RESIDUAL));
    site.put(m).put(n).put(extents.k());
    MatMulLaunch.putAlpha(site, op);
    site.put(extents.biasRow()).put(extents.biasColumn());
    site.launch(kernels[best], Extent.of(tiles.groups(m, n, units)), Extent.of(tiles.items));
  }

  /** The operands as bulk copies see them, and whether they can: by rows of whole 16 bytes. */
  private void putMaps(Tiles tiles) {
    long m = extents.m();
    long n = extents.n();
    long k = extents.k();
    Operand a = site.in(MatMul.A);
    Operand b = site.in(MatMul.B);
    boolean byMap =
        k > 0
            && k % MAPPED == 0
            && (op.transposeB() || n % MAPPED == 0)
            && Math.max(k, Math.max(m, n)) <= Integer.MAX_VALUE
            && site.isAligned(a, MAPPED * Short.BYTES)
            && site.isAligned(b, MAPPED * Short.BYTES);
    site.map(byMap ? a : null, m, k, tiles.rows / tiles.cluster);
    if (op.transposeB()) {
      site.map(byMap ? b : null, n, k, tiles.columns / tiles.cluster);
    } else {
      site.map(byMap ? b : null, k, n, tiles.depth);
    }
    site.put(byMap ? 1 : 0);
  }
}
