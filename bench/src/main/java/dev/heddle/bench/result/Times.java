package dev.heddle.bench.result;

import java.util.Arrays;

/**
 * How long one run took.
 *
 * @param min seconds of the fastest
 * @param median seconds
 * @param spread the distance of the quartiles over the median
 * @param samples how many were timed
 * @param allocated bytes of the Java heap that one run allocated, on all threads; -1 where unknown
 */
public record Times(double min, double median, double spread, int samples, long allocated) {
  /** {@link #allocated} where it was not measured. */
  public static final long UNKNOWN = -1;

  /**
   * Of samples in any order.
   *
   * @param seconds one at least
   */
  public static Times of(double[] seconds, long allocated) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    double median = quantile(sorted, 0.5);
    double spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median;
    return new Times(sorted[0], median, spread, sorted.length, allocated);
  }

  /** What {@code share} of ascending numbers did not exceed, between two neighbours by a line. */
  public static double quantile(double[] sorted, double share) {
    double position = share * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
