package dev.heddle.bench.ops;

import dev.heddle.tensor.HostTensor;

/** An operation with its operands, ready to be run again and again. */
public interface Operation extends AutoCloseable {
  /** What computes it, in the system's own words; null where it does not say. */
  default String kernel() {
    return null;
  }

  /** How often one {@link #run} computes it. */
  default int times() {
    return 1;
  }

  /** Computes the result and leaves it where it is; returns once it is there. */
  void run();

  /** A copy of what the last run computed, of the subject's type and shape; the caller's. */
  HostTensor result();

  @Override
  void close();
}
