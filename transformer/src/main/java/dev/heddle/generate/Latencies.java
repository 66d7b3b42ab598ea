package dev.heddle.generate;

import java.time.Duration;

/**
 * How long something took, over all times it happened.
 *
 * @param count how often it happened
 * @param total of all times
 * @param max the longest
 * @param p50 half of them took no longer; as the percentiles that follow known to an eighth
 * @param p95 19 of 20
 * @param p99 99 of 100
 */
public record Latencies(
    long count, Duration total, Duration max, Duration p50, Duration p95, Duration p99) {

  /** The mean; zero if it never happened. */
  public Duration mean() {
    return count == 0 ? Duration.ZERO : total.dividedBy(count);
  }
}
