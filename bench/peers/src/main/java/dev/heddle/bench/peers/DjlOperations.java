package dev.heddle.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * PyTorch's operations on arrays of DJL. DJL has no call for its fused attention, so attention is
 * what DJL's users write: two products and a softmax.
 */
final class DjlOperations implements OperationSystem {
  /** What is added to scores of keys that are hidden. */
  private static final float HIDDEN = -1e30f;

  private final Engine engine;
  private final int threads;

  DjlOperations(Engine engine, int threads) {
    this.engine = engine;
    this.threads = threads;
  }

  @Override
  public String version() {
    return engine.getVersion();
  }

  @Override
  public String description() {
    return Djl.description(engine, threads, "arrays");
  }

  @Override
  public Operation prepare(Subject subject, List<HostTensor> operands) {
    NDManager manager = engine.newBaseManager();
    try {
      return prepare(manager, subject, operands);
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  private static Operation prepare(NDManager manager, Subject subject, List<HostTensor> operands) {
    if (subject.stored().isQuantized()) {
      throw new UnsupportedOperationException("it has no weights in blocks of " + subject.stored());
    }
    if (subject.dtype() == DType.BF16) {
      // Tried: the process ends in the library, with no exception to catch.
      throw new UnsupportedOperationException("its arrays of bf16 end the process");
    }
    return switch (subject) {
      case MatMulSubject product -> {
        NDList arrays = arrays(manager, operands);
        yield product.isLinear()
            ? operation(
                manager,
                subject,
                "linear",
                () -> Linear.linear(arrays.get(0), arrays.get(1)).singletonOrThrow())
            : operation(manager, subject, "matmul", () -> arrays.get(0).matMul(arrays.get(1)));
      }
      case RowsSubject rows -> rows(manager, rows, operands);
      case AttentionSubject attention -> attention(manager, attention, operands);
      case CachedAttentionSubject _ ->
          throw new UnsupportedOperationException("it has no cache of keys in pages");
    };
  }

  private static NDList arrays(NDManager manager, List<HostTensor> operands) {
    NDList arrays = new NDList();
    operands.stream()
        .filter(Objects::nonNull)
        .forEach(operand -> arrays.add(Djl.array(manager, operand)));
    return arrays;
  }

  private static Operation rows(NDManager manager, RowsSubject subject, List<HostTensor> operands) {
    NDList arrays = arrays(manager, operands);
    NDArray x = arrays.get(0);
    Supplier<NDArray> run =
        switch (subject.kind()) {
          case SOFTMAX -> () -> x.softmax(-1);
          case LAYER_NORM -> {
            Shape row = new Shape(subject.columns());
            yield () ->
                LayerNorm.layerNorm(
                        x, row, arrays.get(1), arrays.get(2), (float) RowsSubject.EPSILON)
                    .singletonOrThrow();
          }
          case ADD -> () -> x.add(arrays.get(1));
          case GELU -> () -> Activation.gelu(x);
          case RMS_NORM -> throw new UnsupportedOperationException("it has no such norm");
        };
    return operation(manager, subject, subject.group(), run);
  }

  private static Operation attention(
      NDManager manager, AttentionSubject subject, List<HostTensor> operands) {
    if (subject.mask() == AttentionSubject.Mask.RAGGED) {
      throw new UnsupportedOperationException("a batch is padded there");
    }
    NDList arrays = arrays(manager, operands.subList(0, 3));
    NDArray mask = mask(manager, subject);
    float scale = (float) (1 / Math.sqrt(subject.headDim()));
    NDArray query = arrays.get(0);
    NDArray key = arrays.get(1);
    NDArray value = arrays.get(2);
    NDArray hidden = mask == null ? null : mask.toType(query.getDataType(), false);
    Supplier<NDArray> run =
        () -> {
          try (NDArray turned = key.swapAxes(2, 3);
              NDArray scores = query.matMul(turned)) {
            scores.muli(scale);
            if (hidden != null) {
              scores.addi(hidden);
            }
            try (NDArray weights = scores.softmax(-1)) {
              return weights.matMul(value);
            }
          }
        };
    return operation(manager, subject, "matmul, softmax, matmul", run);
  }

  /** What is added to scores; null for nothing. */
  private static NDArray mask(NDManager manager, AttentionSubject subject) {
    int length = Math.toIntExact(subject.length());
    return switch (subject.mask()) {
      case CAUSAL -> {
        float[] hidden = new float[length * length];
        for (int i = 0; i < length; i++) {
          for (int j = i + 1; j < length; j++) {
            hidden[i * length + j] = HIDDEN;
          }
        }
        yield manager.create(hidden, new Shape(1, 1, length, length));
      }
      case PADDED -> {
        long[] lengths = subject.lengths();
        float[] hidden = new float[lengths.length * length];
        for (int i = 0; i < lengths.length; i++) {
          for (int j = (int) lengths[i]; j < length; j++) {
            hidden[i * length + j] = HIDDEN;
          }
        }
        yield manager.create(hidden, new Shape(lengths.length, 1, 1, length));
      }
      default -> null;
    };
  }

  private static Operation operation(
      NDManager manager, Subject subject, String kernel, Supplier<NDArray> run) {
    return new Operation() {
      private NDArray result;

      @Override
      public String kernel() {
        return kernel;
      }

      @Override
      public void run() {
        if (result != null) {
          result.close();
        }
        result = run.get();
      }

      @Override
      public HostTensor result() {
        return Djl.tensor(result, subject.dtype(), subject.result());
      }

      @Override
      public void close() {
        manager.close();
      }
    };
  }

  @Override
  public void close() {
    // The engine is the process's.
  }
}
