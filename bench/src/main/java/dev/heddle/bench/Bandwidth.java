package dev.heddle.bench;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * What the machine reads in one stream, and what it copies: memory far larger than its caches, from
 * beginning to end, each thread its own part. Copies are counted as STREAM (McCalpin, 1995) counts
 * them: bytes read and bytes written. Not for several threads at once.
 */
final class Bandwidth {
  /** Bytes that are read at least, by all threads together and by each. */
  private static final int BYTES = 256 << 20;

  private static final int LEAST = 16 << 20;

  /** A small heap is not filled with them. */
  private static final int HEAP_SHARE = 8;

  /** The best counts: what else runs can only slow it down. */
  private static final int PASSES = 3;

  /** Elements of a call: so few that the loop is compiled before the first pass ends. */
  private static final int PIECE = 1 << 14;

  private final long[][] parts;
  private final long[] sums;
  private long[][] copies;

  Bandwidth(int threads) {
    long bytes = Math.min(BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    parts = new long[threads][(int) Math.max(bytes / threads, LEAST) / Long.BYTES];
    sums = new long[threads];
    for (int i = 0; i < threads; i++) {
      Arrays.fill(parts[i], i + 1);
    }
  }

  /** Bytes a second that are read. */
  double measure() {
    return best(i -> sums[i] += sum(parts[i]));
  }

  /** Bytes a second that are read and written. */
  double copy() {
    if (copies == null) {
      copies = new long[parts.length][parts[0].length];
      // Pages are there once they are written to.
      run(parts.length, i -> copy(parts[i], copies[i]));
    }
    return 2 * best(i -> copy(parts[i], copies[i]));
  }

  private double best(IntConsumer part) {
    double bytes = (double) parts.length * parts[0].length * Long.BYTES;
    double best = 0;
    for (int pass = 0; pass < PASSES; pass++) {
      long start = System.nanoTime();
      run(parts.length, part);
      best = Math.max(best, bytes / (System.nanoTime() - start) * 1e9);
    }
    return best;
  }

  /** Does each part on a thread of its own; returns when all are done. */
  static void run(int threads, IntConsumer part) {
    Thread[] started =
        IntStream.range(0, threads)
            .mapToObj(i -> Thread.ofPlatform().start(() -> part.accept(i)))
            .toArray(Thread[]::new);
    try {
      for (Thread thread : started) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static long sum(long[] numbers) {
    long sum = 0;
    for (int from = 0; from < numbers.length; from += PIECE) {
      sum += sum(numbers, from, Math.min(from + PIECE, numbers.length));
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

  private static void copy(long[] from, long[] to) {
    for (int at = 0; at < from.length; at += PIECE) {
      System.arraycopy(from, at, to, at, Math.min(PIECE, from.length - at));
    }
  }

  /** The sum of all that was read: so that it is read. */
  long sum() {
    return Arrays.stream(sums).sum();
  }
}
