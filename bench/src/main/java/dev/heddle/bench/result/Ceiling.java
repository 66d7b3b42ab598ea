package dev.heddle.bench.result;

import java.util.Objects;

/**
 * What nothing can pass by much on this machine, measured in the same run.
 *
 * @param backend of which; null of the machine's own
 * @param name {@code fma}: multiply-adds that stay in registers; {@code copy}: memory read and
 *     written; {@code stream}: memory read
 * @param threads that computed
 */
public record Ceiling(String backend, String name, int threads, double perSecond, Unit unit) {
  /** Whether another measurement is of the same thing. */
  public boolean isSame(Ceiling other) {
    return Objects.equals(backend, other.backend)
        && name.equals(other.name)
        && threads == other.threads;
  }
}
