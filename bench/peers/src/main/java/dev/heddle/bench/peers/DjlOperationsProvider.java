package dev.heddle.bench.peers;

import dev.heddle.bench.Settings;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.OperationSystemProvider;

/** PyTorch's operations, as DJL gives them. */
public final class DjlOperationsProvider implements OperationSystemProvider {
  /** For the service loader. */
  public DjlOperationsProvider() {}

  @Override
  public String name() {
    return Djl.NAME;
  }

  @Override
  public OperationSystem open(Settings settings) {
    return new DjlOperations(Djl.engine(settings.threads()), settings.threads());
  }
}
