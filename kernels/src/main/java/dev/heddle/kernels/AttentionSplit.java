package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.op.Attention;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention of few queries over the keys of a cache, on GPUs, a segment of keys a group, then the
 * segments merged: {@code attention_split.cl} gives the bits of {@code attention.cl}, and what
 * {@link AttentionTensor} names its own.
 */
final class AttentionSplit {
  // What attention_split.cl and attention.h define.
  private static final int ITEMS = 128;
  private static final int SEGMENT = 256;
  private static final int BLOCK = 32;
  private static final int SLICE = 32;

  /** Heads that a group does at a time, at most. */
  private static final int MOST_ROWS = 8;

  /** Queries of a sequence, on the average, that are too many. */
  private static final int MANY = 4;

  /** Numbers that a segment gives besides its sums. */
  private static final int STATE = 2;

  private final DeviceKernel split;
  private final DeviceKernel merge;
  private final int queries;
  private final int heads;
  private final int items;

  /**
   * Kernels that do a segment and merge the segments.
   *
   * @param queries of a group
   * @param heads of a group, that share a key/value head
   * @param items of a group
   */
  AttentionSplit(DeviceKernel split, DeviceKernel merge, int queries, int heads, int items) {
    this.split = split;
    this.merge = merge;
    this.queries = queries;
    this.heads = heads;
    this.items = items;
  }

  /**
   * The kernels for a node; null where {@code attention.cl} serves all: without a cache, with a
   * map, or where local memory is too small.
   *
   * @param defines those of every variant
   */
  static AttentionSplit prepare(Workshop workshop, Node node, List<String> defines) {
    Attention op = (Attention) node.op();
    Dim headDim = AttentionLaunch.headDim(node, Attention.QUERY);
    boolean decodes = node.has(Attention.PAGES) && op.map() == Attention.Map.NONE;
    if (!decodes || !headDim.isFixed() || defines.contains("USES_F64")) {
      return null;
    }
    int share = op.heads() / op.kvHeads();
    int slices = (int) Math.ceilDiv(headDim.fixed(), SLICE);
    int rows = Math.min(MOST_ROWS, Integer.highestOneBit(2 * share - 1));
    while (rows > 0 && localBytes(rows, slices) > workshop.limits().localBytes()) {
      rows /= 2;
    }
    if (rows == 0) {
      return null;
    }
    List<String> own = new ArrayList<>(defines);
    own.add("ROWS " + rows);
    own.add("HEAD_SLICES " + slices);
    List<String> merging = new ArrayList<>(defines);
    merging.add("MERGES");
    return new AttentionSplit(
        workshop.compile(new KernelSource("attention_split.cl", "attention_split", own)),
        workshop.compile(new KernelSource("attention_split.cl", "attention_merge", merging)),
        1,
        rows,
        ITEMS);
  }

  private static long localBytes(int rows, int slices) {
    int each = slices * SLICE + SEGMENT + 4 * (SEGMENT / BLOCK) + 1;
    return (long) Float.BYTES * (rows * each + SLICE * (ITEMS + 1));
  }

  /** Whether a run's sequences have few queries. */
  boolean serves(AttentionExtents extents) {
    return extents.queries() < MANY * extents.sequences();
  }

  /** Bytes for what segments give until they are merged. */
  long workspace(AttentionExtents extents, Attention op) {
    long segments = segments(extents);
    long parts = segments == 1 ? 0 : extents.queries() * op.heads() * segments;
    return parts * (extents.valueDim() + STATE) * Float.BYTES;
  }

  private static long segments(AttentionExtents extents) {
    return Math.max(1, Math.ceilDiv(extents.pagedKeys(), SEGMENT));
  }

  /**
   * Gives the queue the run's kernels.
   *
   * @param operands names what every variant takes
   */
  void run(LaunchSite site, AttentionExtents extents, Attention op, Runnable operands) {
    long segments = segments(extents);
    long crowds = Math.ceilDiv(op.heads() / op.kvHeads(), heads);
    operands.run();
    put(site, op, segments);
    site.launch(
        split,
        new Extent(extents.slots(queries), op.kvHeads() * crowds, segments),
        Extent.of(items));
    if (segments > 1) {
      operands.run();
      put(site, op, segments);
      site.launch(merge, Extent.of(extents.slots(1), op.heads()), Extent.of(ITEMS));
    }
  }

  private static void put(LaunchSite site, Attention op, long segments) {
    site.workspace(0).put((long) op.heads()).put(segments);
  }
}
