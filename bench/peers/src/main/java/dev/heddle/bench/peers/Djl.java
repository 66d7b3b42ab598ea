package dev.heddle.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The Deep Java Library over PyTorch, with its documentation's settings for inference. */
final class Djl {
  static final String NAME = "djl";

  private Djl() {}

  /**
   * PyTorch.
   *
   * @throws RuntimeException if it cannot be loaded here
   */
  static Engine engine(int threads) {
    // All that it needs is on the class path, and it need not tell anyone.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(threads));
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    return Engine.getEngine("PyTorch");
  }

  static String description(Engine engine, int threads, String what) {
    return "DJL over PyTorch %s, %d threads, %s".formatted(engine.getVersion(), threads, what);
  }

  /** A copy. */
  static NDArray array(NDManager manager, HostTensor tensor) {
    long[] extents = new long[tensor.shape().rank()];
    for (int i = 0; i < extents.length; i++) {
      extents[i] = tensor.shape().dim(i);
    }
    ByteBuffer bytes = tensor.memory().asByteBuffer().order(ByteOrder.nativeOrder());
    // What it creates from a direct buffer reads that buffer.
    try (NDArray shared = manager.create(bytes, new Shape(extents), type(tensor.dtype()))) {
      return shared.duplicate();
    }
  }

  /** A copy of an array of a known type and shape. */
  static HostTensor tensor(NDArray array, DType dtype, dev.heddle.tensor.Shape shape) {
    HostTensor tensor = HostTensor.allocate(dtype, shape);
    ByteBuffer bytes = array.toByteBuffer();
    tensor.memory().asByteBuffer().put(bytes);
    return tensor;
  }

  private static DataType type(DType dtype) {
    return switch (dtype) {
      case F32 -> DataType.FLOAT32;
      case F16 -> DataType.FLOAT16;
      case BF16 -> DataType.BFLOAT16;
      case I64 -> DataType.INT64;
      default -> throw new UnsupportedOperationException("it has no type " + dtype);
    };
  }
}
