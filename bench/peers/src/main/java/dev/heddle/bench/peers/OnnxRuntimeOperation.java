package dev.heddle.bench.peers;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.heddle.bench.ops.Operation;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** A model of one node. Its output is written to the same place in every run. */
class OnnxRuntimeOperation implements Operation {
  private final Map<String, OnnxTensor> inputs = new HashMap<>();
  private final OneNode node;
  private final HostTensor output;
  private final OnnxTensor pinned;
  private final OrtSession session;

  OnnxRuntimeOperation(int threads, OneNode node, DType dtype, Shape shape) {
    this.node = node;
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = OnnxRuntimeProvider.options(threads)) {
      session = environment.createSession(node.model(dtype, shape), options);
      for (Map.Entry<String, HostTensor> input : node.inputs().entrySet()) {
        inputs.put(input.getKey(), tensor(environment, input.getValue()));
      }
      output = HostTensor.allocate(dtype, shape);
      pinned = tensor(environment, output);
    } catch (OrtException e) {
      throw new UnsupportedOperationException(e.getMessage(), e);
    }
  }

  private static OnnxTensor tensor(OrtEnvironment environment, HostTensor tensor)
      throws OrtException {
    OnnxJavaType type =
        switch (tensor.dtype()) {
          case F32 -> OnnxJavaType.FLOAT;
          case F16 -> OnnxJavaType.FLOAT16;
          case BF16 -> OnnxJavaType.BFLOAT16;
          case I32 -> OnnxJavaType.INT32;
          default -> throw new IllegalArgumentException("an input of " + tensor.dtype());
        };
    long[] extents = new long[tensor.shape().rank()];
    for (int i = 0; i < extents.length; i++) {
      extents[i] = tensor.shape().dim(i);
    }
    return OnnxTensor.createTensor(
        environment, tensor.memory().asByteBuffer().order(ByteOrder.nativeOrder()), extents, type);
  }

  @Override
  public void run() {
    try {
      session.run(inputs, Map.of(OneNode.OUTPUT, pinned)).close();
    } catch (OrtException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public HostTensor result() {
    HostTensor copy = HostTensor.allocate(output.dtype(), output.shape());
    MemorySegment.copy(output.memory(), 0, copy.memory(), 0, copy.bytes());
    return copy;
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
    inputs.values().forEach(OnnxTensor::close);
    pinned.close();
    output.close();
    node.close();
  }
}
