package dev.heddle.bench.ops;

import dev.heddle.bench.Settings;

/** Opens one runtime for a benchmark of operations; found by {@link java.util.ServiceLoader}. */
public interface OperationSystemProvider {
  /** The name that {@code --peers} takes. */
  String name();

  /**
   * Starts it.
   *
   * @throws RuntimeException if it cannot run here; the message says why
   */
  OperationSystem open(Settings settings);
}
