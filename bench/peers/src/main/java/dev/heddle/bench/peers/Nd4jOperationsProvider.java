package dev.heddle.bench.peers;

import dev.heddle.bench.Settings;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.OperationSystemProvider;

/** ND4J on the CPU. */
public final class Nd4jOperationsProvider implements OperationSystemProvider {
  static final String NAME = "nd4j";

  /** For the service loader. */
  public Nd4jOperationsProvider() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public OperationSystem open(Settings settings) {
    return new Nd4jOperations(settings.threads());
  }
}
