package dev.heddle.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What the machine reads in one stream: memory far larger than its caches, from beginning to end,
 * each thread its own part. Not for several threads at once.
 */
final class Bandwidth {
  /** Bytes that are read at least, by all threads together and by each. */
  private static final int BYTES = 256 << 20;

  private static final int LEAST = 16 << 20;

  /** The best counts: what else runs can only slow it down. */
  private static final int PASSES = 3;

  private final long[][] parts;
  private long sum;

  Bandwidth(int threads) {
    parts = new long[threads][Math.max(BYTES / threads, LEAST) / Long.BYTES];
    for (int i = 0; i < threads; i++) {
      Arrays.fill(parts[i], i + 1);
    }
  }

  /** Bytes a second. */
  double measure() {
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      long start = System.nanoTime();
      sum += pass();
      double bytes = (double) parts.length * parts[0].length * Long.BYTES;
      best = Math.max(best, bytes / (System.nanoTime() - start) * 1e9);
    }
    return best;
  }

  private long pass() {
    long[] sums = new long[parts.length];
    Thread[] threads =
        IntStream.range(0, parts.length)
            .mapToObj(i -> Thread.ofPlatform().start(() -> sums[i] = sum(parts[i])))
            .toArray(Thread[]::new);
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Arrays.stream(sums).sum();
  }

  /** In pieces, so that the loop is compiled before the first pass ends. */
  private static long sum(long[] numbers) {
    long sum = 0;
    for (int from = 0; from < numbers.length; from += 1 << 14) {
      sum += sum(numbers, from, Math.min(from + (1 << 14), numbers.length));
    }
    return sum;
  }

  private static long sum(long[] numbers, int from, int to) {
    long sum = 0;
    for (int i = from; i < to; i++) {
      sum += numbers[i];
    }
    return sum;
  }

  /** The sum of all that was read: so that it is read. */
  long sum() {
    return sum;
  }
}
