package dev.heddle.bench.gpu;

/** A moment after which nothing more is begun. */
record Deadline(long nanos) {
  static Deadline in(double seconds) {
    return new Deadline(System.nanoTime() + (long) (seconds * 1e9));
  }

  boolean hasPassed() {
    return System.nanoTime() - nanos > 0;
  }

  /** The moment when {@code share} of what is left until this one has gone. */
  Deadline part(double share) {
    return in(Math.max(0, (nanos - System.nanoTime()) * 1e-9 * share));
  }
}
