package dev.heddle.kernels;

/**
 * What the runs of a backend's programs gave its device since it was opened.
 *
 * @param recordings commands that are many in one: CUDA graphs
 * @param commands kernels, products, copies and fills that were given one by one
 */
public record RunCounts(long recordings, long commands) {
  /** What came since {@code earlier}. */
  public RunCounts since(RunCounts earlier) {
    return new RunCounts(recordings - earlier.recordings, commands - earlier.commands);
  }
}
