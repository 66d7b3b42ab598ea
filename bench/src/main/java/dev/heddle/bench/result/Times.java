package dev.heddle.bench.result;

import java.util.Arrays;

/**
 * How long one run took.
 *
 * @param min seconds of the fastest
 * @param median seconds
 * @param spread how far times lie apart, over the median: of the quartiles of all, or of the
 *     medians of eight parts of the run, one after the other, whichever lie further apart. The
 *     first tells of what comes and goes, the second of a machine that gets slower or faster
 *     meanwhile
 * @param samples how many were timed
 * @param allocated bytes of the Java heap that one run allocated, on all threads; -1 where unknown
 */
public record Times(double min, double median, double spread, int samples, long allocated) {
  /** {@link #allocated} where it was not measured. */
  public static final long UNKNOWN = -1;

  private static final int PARTS = 8;

  /**
   * Of samples.
   *
   * @param seconds one at least, in the order in which they were taken
   */
  public static Times of(double[] seconds, long allocated) {
    double[] sorted = sorted(seconds, 0, seconds.length);
    double median = quantile(sorted, 0.5);
    double apart = Math.max(quantile(sorted, 0.75) - quantile(sorted, 0.25), ofParts(seconds));
    return new Times(sorted[0], median, median == 0 ? 0 : apart / median, sorted.length, allocated);
  }

  private static double ofParts(double[] seconds) {
    double least = Double.POSITIVE_INFINITY;
    double most = 0;
    int parts = Math.min(PARTS, seconds.length);
    for (int i = 0; i < parts; i++) {
      int from = seconds.length * i / parts;
      double median = quantile(sorted(seconds, from, seconds.length * (i + 1) / parts), 0.5);
      least = Math.min(least, median);
      most = Math.max(most, median);
    }
    return most - least;
  }

  private static double[] sorted(double[] numbers, int from, int to) {
    double[] sorted = Arrays.copyOfRange(numbers, from, to);
    Arrays.sort(sorted);
    return sorted;
  }

  /** What {@code share} of ascending numbers did not exceed, between two neighbours by a line. */
  public static double quantile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
