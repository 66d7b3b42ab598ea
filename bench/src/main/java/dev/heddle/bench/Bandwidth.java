package dev.heddle.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * What the machine reads in one stream, and what it copies: memory far larger than its caches, from
 * beginning to end, each thread its own part. Copies are counted as STREAM (McCalpin, 1995) counts
 * them, bytes read and bytes written, and write as kernels do, through the caches: stores that go
 * past them are faster still. Not for several threads at once.
 */
final class Bandwidth {
  /** Bytes that are read, by all threads together and by each at least. */
  private static final long BYTES = 256 << 20;

  private static final long LEAST = 16 << 20;

  private static final int PASSES = 5;

  /** Bytes of a call: so few that the loop is compiled before the first pass ends. */
  private static final long PIECE = 1 << 17;

  private final StreamLoops loops = StreamLoops.best();
  private final MemorySegment[] parts;
  private final long[] sums;
  private MemorySegment[] copies;

  Bandwidth(int threads) {
    parts = allocate(threads);
    sums = new long[threads];
  }

  /** Pages are there once they are written to. */
  private static MemorySegment[] allocate(int threads) {
    long bytes = Math.ceilDiv(Math.max(BYTES / threads, LEAST), PIECE) * PIECE;
    MemorySegment[] parts = new MemorySegment[threads];
    Passes.run(
        threads,
        i -> parts[i] = Arena.ofAuto().allocate(bytes, StreamLoops.ALIGNMENT).fill((byte) (i + 1)));
    return parts;
  }

  /** Bytes a second that are read. */
  double measure() {
    return best(i -> {
      for (long at = 0; at < parts[i].byteSize(); at += PIECE) {
        sums[i] += loops.sum(parts[i], at, at + PIECE);
      }
    });
  }

  /** Bytes a second that are read and written. */
  double copy() {
    if (copies == null) {
      copies = allocate(parts.length);
    }
    return 2
        * best(i -> {
          for (long at = 0; at < parts[i].byteSize(); at += PIECE) {
            loops.copy(parts[i], copies[i], at, at + PIECE);
          }
        });
  }

  private double best(IntConsumer part) {
    double bytes = (double) parts.length * parts[0].byteSize();
    return bytes / Passes.best(parts.length, PASSES, part);
  }

  /** The sum of all that was read: so that it is read. */
  long sum() {
    return Arrays.stream(sums).sum();
  }
}
