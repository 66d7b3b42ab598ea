package dev.heddle.cpu;

/**
 * A step whose rows can be computed apart: row i of its outputs depends on row i of its row
 * operands, and on operands that every row reads whole. See {@link Choice.Rows}.
 */
interface RowStep extends Step {
  /** Rows of the outputs as bound; -1 where, as bound, they cannot be computed apart. */
  long rows();

  /**
   * Computes rows {@code [first, last)}, with the very bits of {@link #run()}.
   *
   * @param scratch the executing thread's own
   */
  void runRows(long first, long last, Scratch scratch);
}
