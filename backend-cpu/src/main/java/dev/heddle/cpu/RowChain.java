package dev.heddle.cpu;

/**
 * Consecutive steps that go depth-first: a block of rows runs through all of them before its thread
 * takes the next block. Threads wait for each other at the end only, not at every step, and what
 * one step writes is in the cache when the next reads it.
 *
 * <p>Blocks stand at different steps at the same time. {@link RowChains} has seen to it that none
 * touches what another needs. Bound again and again, it allocates nothing.
 */
final class RowChain implements WorkerPool.Task {
  private final int last;
  private final RowStep[] members;
  private final WorkerPool workers;
  private final RowBlocks blocks;
  private long rows;
  private long height;

  /** Blocks of the full height; the others, after them, are low. */
  private int tall;

  private int pieces;

  /**
   * A chain not yet bound.
   *
   * @param last its last instruction
   */
  RowChain(int last, RowStep[] members, WorkerPool workers, RowBlocks blocks) {
    this.last = last;
    this.members = members;
    this.workers = workers;
    this.blocks = blocks;
  }

  int last() {
    return last;
  }

  /** Learns the extents that the members are bound to. */
  void bind() {
    rows = members[0].rows();
    for (RowStep member : members) {
      rows = member.rows() == rows ? rows : 0;
    }
    int threads = workers.threads();
    height = blocks.height(rows, threads);
    pieces = 0;
    if (height > 0) {
      long low = threads == 1 ? 0 : threads * height;
      tall = Math.toIntExact(Math.ceilDiv(Math.max(0, rows - low), height));
      long left = Math.max(0, rows - tall * height);
      pieces = Math.addExact(tall, Math.toIntExact(Math.ceilDiv(left, blocks.late())));
    }
  }

  /** Whether there are rows enough; else the members are run one after another. */
  boolean pays() {
    return pieces > 0;
  }

  /** Runs all members. */
  void run() {
    workers.run(this, pieces);
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long first =
        piece < tall ? piece * height : tall * height + (long) (piece - tall) * blocks.late();
    long end = Math.min(rows, first + (piece < tall ? height : blocks.late()));
    for (RowStep member : members) {
      member.runRows(first, end, scratch);
    }
  }
}
