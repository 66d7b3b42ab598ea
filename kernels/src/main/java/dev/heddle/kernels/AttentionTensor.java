package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Attention;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * Which attention {@code attention_tensor.cu} does, on tensor cores, and its kernels: for a tile of
 * queries, and for few queries of a cache.
 */
final class AttentionTensor {
  // What attention_tensor.cu defines.
  private static final int BLOCK = 64;
  private static final int WARP_ROWS = 16;
  private static final int WARP_ITEMS = 32;

  /** Warps that share a tile of queries. */
  private static final int WARPS = 8;

  private AttentionTensor() {}

  /** Whether this is for the node. */
  static boolean serves(Node node, List<String> defines, DeviceLimits limits) {
    Attention op = (Attention) node.op();
    DType type = node.input(Attention.QUERY).type().dtype();
    return (type == DType.BF16 || type == DType.F16)
        && node.input(Attention.KEY).type().dtype() == type
        && op.map() == Attention.Map.NONE
        && !defines.contains("USES_F64")
        && isServed(AttentionLaunch.headDim(node, Attention.QUERY))
        && isServed(AttentionLaunch.headDim(node, Attention.VALUE))
        && bytes(WARPS, dim(node)) + 8 * WARPS * WARP_ROWS <= limits.tileBytes();
  }

  private static boolean isServed(Dim headDim) {
    return headDim.isFixed() && headDim.fixed() % 8 == 0 && headDim.fixed() <= 128;
  }

  /** Elements of a head, filled up. */
  static int dim(Node node) {
    long most =
        Math.max(
            AttentionLaunch.headDim(node, Attention.QUERY).fixed(),
            AttentionLaunch.headDim(node, Attention.VALUE).fixed());
    return most <= 32 ? 32 : most <= 64 ? 64 : 128;
  }

  /** Heads of a group: those that share keys, as far as a warp has rows. */
  static int heads(Attention op) {
    return Math.min(WARP_ROWS, op.heads() / op.kvHeads());
  }

  /** Queries of a tile's group. */
  static int queries(Attention op) {
    return WARPS * WARP_ROWS / heads(op);
  }

  /** Items of a tile's group. */
  static int items() {
    return WARPS * WARP_ITEMS;
  }

  /**
   * Local memory of a group: its queries, and two blocks of keys and values. What it has besides is
   * 8 bytes for each query and head.
   */
  private static int bytes(int warps, int dim) {
    return (warps * WARP_ROWS + 4 * BLOCK) * dim * Short.BYTES;
  }

  /** The kernel for a tile of queries. */
  static KernelSource source(Node node, List<String> defines) {
    return source(node, defines, WARPS);
  }

  private static KernelSource source(Node node, List<String> defines, int warps, String... more) {
    Attention op = (Attention) node.op();
    List<String> own = Types.and(defines, more);
    own.add("HEAD_DIM " + dim(node));
    own.add("WARPS " + warps);
    if (op.softCap() == 0
        && !node.has(Attention.ALIBI)
        && !node.has(Attention.RELATIVE)
        && !node.has(Attention.MASK)) {
      own.add("PLAIN");
    }
    return new KernelSource(
        "attention_tensor.cu", "attention_tensor", own, bytes(warps, dim(node)));
  }

  /** The kernels for few queries; null without a cache. */
  static AttentionSplit split(Workshop workshop, Node node, List<String> defines) {
    if (!node.has(Attention.PAGES)) {
      return null;
    }
    int heads = heads((Attention) node.op());
    List<String> merging = new ArrayList<>(defines);
    merging.add("MERGES");
    return new AttentionSplit(
        workshop.compile(source(node, defines, 1, "SPLIT")),
        workshop.compile(new KernelSource("attention_tensor.cu", "attention_merge", merging)),
        WARP_ROWS / heads,
        heads,
        WARP_ITEMS);
  }
}
