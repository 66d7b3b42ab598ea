package dev.heddle.bench.ops;

import dev.heddle.bench.Settings;
import dev.heddle.bench.SystemProvider;

/** Opens one runtime for a benchmark of operations. */
public interface OperationSystemProvider extends SystemProvider {
  /**
   * Starts it.
   *
   * @throws RuntimeException if it cannot run here; its message tells why
   */
  OperationSystem open(Settings settings);
}
