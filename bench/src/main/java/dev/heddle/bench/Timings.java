package dev.heddle.bench;

import dev.heddle.bench.result.Times;
import java.util.stream.DoubleStream;

/** Times of the same call, as they come. */
final class Timings {
  private final DoubleStream.Builder seconds = DoubleStream.builder();
  private long allocated = Times.UNKNOWN;

  void add(double time) {
    seconds.add(time);
  }

  /** Bytes of the heap that a call allocated: the last that is told counts. */
  void allocated(long bytes) {
    allocated = bytes;
  }

  /** Of all that were added, one at least; nothing may be added after that. */
  Times times() {
    return Times.of(seconds.build().toArray(), allocated);
  }
}
