package dev.heddle.bench.peers;

import dev.heddle.bench.Settings;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.OperationSystemProvider;

/** ONNX Runtime's operators, each a model of one node. */
public final class OnnxRuntimeOperationsProvider implements OperationSystemProvider {
  /** For the service loader. */
  public OnnxRuntimeOperationsProvider() {}

  @Override
  public String name() {
    return OnnxRuntimeProvider.NAME;
  }

  @Override
  public OperationSystem open(Settings settings) {
    return new OnnxRuntimeOperations(settings.threads());
  }
}
