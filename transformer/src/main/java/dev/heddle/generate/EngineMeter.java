package dev.heddle.generate;

import java.time.Duration;
import java.util.Arrays;

/** Counts what an engine does; written by its thread, read by any. */
final class EngineMeter {
  /** Seconds that the rate of tokens is taken over. */
  private static final int SECONDS = 10;

  private final int pages;
  private final long made = System.nanoTime();
  private final Times first = new Times();
  private final Times between = new Times();
  private int running;
  private int paused;
  private int freePages;
  private int keptPrefixes;
  private long refused;
  private long ended;
  private long failed;
  private long preempted;
  private long steps;
  private long promptTokens;
  private long cachedTokens;
  private long generatedTokens;

  /** Tokens by second, a ring, and which second each place has. */
  private final long[] bySecond = new long[SECONDS + 1];

  private final long[] seconds = new long[SECONDS + 1];

  /** Durations by size: eight ranges for each power of two of nanoseconds. */
  private static final class Times {
    private static final int PARTS = 8;
    private static final int PART_BITS = 3;

    private final long[] counts = new long[64 * PARTS];
    private long count;
    private long total;
    private long max;

    void add(long nanos) {
      long some = Math.max(nanos, PARTS);
      int power = 63 - Long.numberOfLeadingZeros(some);
      int part = (int) (some >> power - PART_BITS) & PARTS - 1;
      counts[power * PARTS + part]++;
      count++;
      total += nanos;
      max = Math.max(max, nanos);
    }

    private Duration percentile(double share) {
      long wanted = (long) Math.ceil(share * count);
      long seen = 0;
      for (int i = 0; i < counts.length; i++) {
        seen += counts[i];
        if (seen >= wanted && seen > 0) {
          long end = (long) (PARTS + i % PARTS + 1) << i / PARTS - PART_BITS;
          return Duration.ofNanos(Math.min(end, max));
        }
      }
      return Duration.ZERO;
    }

    Latencies snapshot() {
      return new Latencies(
          count,
          Duration.ofNanos(total),
          Duration.ofNanos(max),
          percentile(0.5),
          percentile(0.95),
          percentile(0.99));
    }
  }

  EngineMeter(int pages) {
    this.pages = pages;
    this.freePages = pages;
    Arrays.fill(seconds, -1);
  }

  synchronized void refused() {
    refused++;
  }

  synchronized void ended(boolean failure) {
    ended++;
    failed += failure ? 1 : 0;
  }

  synchronized void preempted() {
    preempted++;
  }

  synchronized void cached(int tokens) {
    cachedTokens += tokens;
  }

  synchronized void first(long nanos) {
    first.add(nanos);
  }

  synchronized void between(long nanos) {
    between.add(nanos);
  }

  /** A run has taken in tokens, and given others. */
  synchronized void step(int takenIn, int generated, long now) {
    steps++;
    promptTokens += takenIn;
    generatedTokens += generated;
    long second = (now - made) / 1_000_000_000;
    int at = (int) (second % bySecond.length);
    if (seconds[at] != second) {
      seconds[at] = second;
      bySecond[at] = 0;
    }
    bySecond[at] += generated;
  }

  /** What is in the cache now. */
  synchronized void now(int jobs, int resting, int free, int kept) {
    running = jobs;
    paused = resting;
    freePages = free;
    keptPrefixes = kept;
  }

  synchronized EngineStats stats(int queued, long requests) {
    long nanos = System.nanoTime() - made;
    long second = nanos / 1_000_000_000;
    long tokens = 0;
    for (int i = 0; i < bySecond.length; i++) {
      tokens += seconds[i] >= 0 && seconds[i] > second - SECONDS ? bySecond[i] : 0;
    }
    // Whole seconds, and as much as has gone of this one.
    double over = Math.min(nanos / 1e9, SECONDS - 1 + (nanos / 1e9 - second));
    return new EngineStats(
        queued,
        running,
        paused,
        pages,
        freePages,
        keptPrefixes,
        requests,
        refused,
        ended,
        failed,
        preempted,
        steps,
        promptTokens,
        cachedTokens,
        generatedTokens,
        over <= 0 ? 0 : tokens / over,
        first.snapshot(),
        between.snapshot());
  }
}
