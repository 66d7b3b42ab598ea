package dev.heddle.cpu;

/**
 * How the rows of a {@link RowChain} are cut: into blocks as tall as their number allows, and at
 * the end into low ones, so that the threads end close together.
 *
 * @param tallest rows of a block where there are many: more of them read weights less often, fewer
 *     leave their intermediates in the cache
 * @param lowest rows that are worth it; with fewer a thread's time goes into reading weights
 * @param late rows of the last blocks, of which each height is a multiple
 * @param perThread blocks of the full height for each thread, at least
 */
record RowBlocks(int tallest, int lowest, int late, int perThread) {
  /** Multiples of the tallest tile, of seven rows, where vectors are of 512 bits. */
  static final RowBlocks STANDARD = new RowBlocks(84, 28, 14, 8);

  /** Rows of a block, 0 where there are too few for blocks. */
  long height(long rows, int threads) {
    long share = rows / Math.max(1, (long) perThread * threads);
    return share < lowest ? 0 : Math.min(tallest, share / late * late);
  }
}
