package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Attention;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * Which attention {@code attention_tensor.cu} does, on tensor cores, and where four warps multiply
 * as one {@code attention_tensor.sm_90a.cu}; and their kernels: for a tile of queries, and for few
 * queries of a cache. For a device and a node it is the one or the other for all, since their bits
 * differ.
 */
final class AttentionTensor {
  // What both define.
  private static final int BLOCK = 64;

  /** At least {@code sizeof(struct seldom)}. */
  private static final int SELDOM_BYTES = 160;

  private AttentionTensor() {}

  /**
   * How a kernel is cut.
   *
   * @param file of the kernel
   * @param rows of a tile: queries, times heads that share keys
   * @param mostHeads heads of a query in a tile, at most
   * @param items of a group
   * @param bytes local memory that a group is given
   * @param ownBytes and what it has besides
   * @param defines what tells it from others of the file
   */
  private record Cut(
      String file,
      int rows,
      int mostHeads,
      int items,
      int bytes,
      int ownBytes,
      List<String> defines) {
    /** Of warps of 16 rows: their queries, and two blocks of keys and values. */
    static Cut ofWarps(int warps, int dim) {
      int rows = 16 * warps;
      int bytes = (rows + 4 * BLOCK) * dim * Short.BYTES;
      List<String> defines = List.of("WARPS " + warps);
      return new Cut("attention_tensor.cu", rows, 16, 32 * warps, bytes, 8 * rows, defines);
    }

    /**
     * Of four warps for each 64 rows, beside four that load stages of keys and values.
     *
     * @param kept sums of values that each item keeps in registers while others go on
     */
    static Cut ofWarpgroups(int rows, int stages, int kept, int dim) {
      int stage = 2 * BLOCK * Math.ceilDiv(dim, 64) * 64 * Short.BYTES;
      int rest = (dim / 2 - kept) * 2 * rows * Float.BYTES;
      int barriers = (2 * stages + 1) * Long.BYTES;
      int words = 2 * rows + stages * 4;
      return new Cut(
          "attention_tensor.sm_90a.cu",
          rows,
          64,
          2 * rows + 128,
          stages * stage + rest + barriers + SELDOM_BYTES + words * Integer.BYTES,
          0,
          List.of("ROWS " + rows, "STAGES " + stages, "KEPT " + kept));
    }

    /** For a tile of queries. */
    static Cut ofPrompt(Node node, DeviceLimits limits) {
      int dim = dim(node);
      if (!limits.warpgroups()) {
        return ofWarps(8, dim);
      }
      return dim > 64
          ? ofWarpgroups(128, 4, isPlain(node) ? 24 : 0, dim)
          : ofWarpgroups(128, 8, dim / 2, dim);
    }

    /** For few queries: at least two groups a multiprocessor. */
    static Cut ofFew(Node node, DeviceLimits limits) {
      int dim = dim(node);
      return limits.warpgroups()
          ? ofWarpgroups(64, dim > 64 ? 3 : 6, dim / 2, dim)
          : ofWarps(1, dim);
    }

    AttentionLaunch.Variant variant(Node node, List<String> defines, String... more) {
      Attention op = (Attention) node.op();
      List<String> own = Types.and(defines, more);
      own.add("HEAD_DIM " + dim(node));
      own.addAll(this.defines);
      if (isPlain(node)) {
        own.add("PLAIN");
      }
      int heads = Math.min(mostHeads, op.heads() / op.kvHeads());
      KernelSource source = new KernelSource(file, "attention_tensor", own, bytes);
      return new AttentionLaunch.Variant(source, rows / heads, heads, dim(node), items);
    }
  }

  /** Whether this is for the node. */
  static boolean serves(Node node, List<String> defines, DeviceLimits limits) {
    Attention op = (Attention) node.op();
    DType type = node.input(Attention.QUERY).type().dtype();
    if ((type != DType.BF16 && type != DType.F16)
        || node.input(Attention.KEY).type().dtype() != type
        || op.map() != Attention.Map.NONE
        || (float) op.scale() <= 0
        || defines.contains("USES_F64")
        || !isServed(AttentionLaunch.headDim(node, Attention.QUERY))
        || !isServed(AttentionLaunch.headDim(node, Attention.VALUE))) {
      return false;
    }
    Cut cut = Cut.ofPrompt(node, limits);
    return cut.bytes + cut.ownBytes <= limits.tileBytes();
  }

  private static boolean isServed(Dim headDim) {
    return headDim.isFixed() && headDim.fixed() % 8 == 0 && headDim.fixed() <= 128;
  }

  /** Elements of a head, filled up. */
  private static int dim(Node node) {
    long most =
        Math.max(
            AttentionLaunch.headDim(node, Attention.QUERY).fixed(),
            AttentionLaunch.headDim(node, Attention.VALUE).fixed());
    return most <= 32 ? 32 : most <= 64 ? 64 : 128;
  }

  /** Whether nothing is done to scores but scaling and hiding. */
  private static boolean isPlain(Node node) {
    Attention op = (Attention) node.op();
    return op.softCap() == 0
        && !node.has(Attention.ALIBI)
        && !node.has(Attention.RELATIVE)
        && !node.has(Attention.MASK);
  }

  /** What plans call it. */
  static String name(DeviceLimits limits) {
    return limits.warpgroups() ? "flash, warpgroups" : "flash, tensor cores";
  }

  /** The kernel for a tile of queries. */
  static AttentionLaunch.Variant prompt(Node node, List<String> defines, DeviceLimits limits) {
    return Cut.ofPrompt(node, limits).variant(node, defines);
  }

  /** The kernels for few queries; null without a cache. */
  static AttentionSplit split(Workshop workshop, Node node, List<String> defines) {
    if (!node.has(Attention.PAGES)) {
      return null;
    }
    AttentionLaunch.Variant few =
        Cut.ofFew(node, workshop.limits()).variant(node, defines, "SPLIT");
    return new AttentionSplit(
        workshop.compile(few.source()),
        workshop.compile(new KernelSource("attention_merge.cu", "attention_merge", defines)),
        few.tile(),
        few.heads(),
        few.items());
  }
}
