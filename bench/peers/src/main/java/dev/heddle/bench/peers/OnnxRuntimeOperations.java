package dev.heddle.bench.peers;

import ai.onnxruntime.OrtEnvironment;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.Operation;
import dev.heddle.bench.ops.OperationSystem;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.List;

/**
 * ONNX Runtime's operators: the standard's, and its own for attention and for weights in blocks.
 * Weights are constants, which it lays out when it loads a model.
 */
final class OnnxRuntimeOperations implements OperationSystem {
  /** Of {@code MatMulNBits}: sums in float32, or activations in 8 bits. */
  private static final int FLOAT32_LEVEL = 1;

  private static final int INT8_LEVEL = 4;

  private final int threads;

  OnnxRuntimeOperations(int threads) {
    this.threads = threads;
  }

  @Override
  public String version() {
    return OrtEnvironment.getEnvironment().getVersion();
  }

  @Override
  public String description() {
    return "ONNX Runtime %s, %d threads, all optimisations".formatted(version(), threads);
  }

  @Override
  public Operation prepare(Subject subject, List<HostTensor> operands) {
    return switch (subject) {
      case MatMulSubject product -> product(product, operands);
      case RowsSubject rows -> rows(rows, operands);
      case AttentionSubject attention -> attention(attention, operands);
      case CachedAttentionSubject _ ->
          throw new UnsupportedOperationException(
              "its attention over a cache of fewer heads also writes the cache");
    };
  }

  private Operation product(MatMulSubject subject, List<HostTensor> operands) {
    OneNode node;
    if (!subject.isLinear()) {
      node = new OneNode("", "MatMul").input("a", operands.get(0)).input("b", operands.get(1));
    } else if (!subject.weights().isQuantized()) {
      try (HostTensor weights = Layouts.transposed(operands.get(1))) {
        node = new OneNode("", "MatMul").input("a", operands.get(0)).constant("b", weights);
      }
    } else {
      node = blocks(subject, operands);
    }
    return new OnnxRuntimeOperation(threads, node, subject.dtype(), subject.result());
  }

  private static OneNode blocks(MatMulSubject subject, List<HostTensor> operands) {
    int bits =
        switch (subject.weights()) {
          case Q4_0 -> 4;
          case Q8_0 -> 8;
          default -> throw new UnsupportedOperationException("no blocks like " + subject.weights());
        };
    boolean rounded = subject.activations() == Activations.INT8;
    try (NBits weights = NBits.of(operands.get(1), bits)) {
      return new OneNode(OneNode.MICROSOFT, "MatMulNBits")
          .input("a", operands.get(0))
          .constant("b", weights.codes())
          .constant("scales", weights.scales())
          .attribute("K", subject.k())
          .attribute("N", subject.n())
          .attribute("bits", bits)
          .attribute("block_size", NBits.BLOCK)
          .attribute("accuracy_level", rounded ? INT8_LEVEL : FLOAT32_LEVEL);
    }
  }

  private Operation rows(RowsSubject subject, List<HostTensor> operands) {
    HostTensor x = operands.getFirst();
    OneNode node =
        switch (subject.kind()) {
          case SOFTMAX -> new OneNode("", "Softmax").input("x", x).attribute("axis", -1);
          case LAYER_NORM ->
              new OneNode("", "LayerNormalization")
                  .input("x", x)
                  .constant("scale", operands.get(1))
                  .constant("bias", operands.get(2))
                  .attribute("axis", -1)
                  .attribute("epsilon", (float) RowsSubject.EPSILON);
          case ADD -> new OneNode("", "Add").input("x", x).input("z", operands.get(1));
          case GELU -> new OneNode(OneNode.MICROSOFT, "Gelu").input("x", x);
          case RMS_NORM ->
              throw new UnsupportedOperationException("opset 17 has no norm without a mean");
        };
    return new OnnxRuntimeOperation(threads, node, subject.dtype(), x.shape());
  }

  /** Queries lie token by token there, so operands are brought into that order before. */
  private Operation attention(AttentionSubject subject, List<HostTensor> operands) {
    if (subject.mask() == AttentionSubject.Mask.RAGGED) {
      throw new UnsupportedOperationException("a batch is padded there");
    }
    OneNode node = new OneNode(OneNode.MICROSOFT, "MultiHeadAttention");
    String[] names = {"query", "key", "value"};
    for (int i = 0; i < names.length; i++) {
      node.made(names[i], Layouts.tokens(operands.get(i)));
    }
    node.attribute("num_heads", subject.heads());
    if (subject.mask() == AttentionSubject.Mask.CAUSAL) {
      node.attribute("unidirectional", 1);
    }
    if (subject.mask() == AttentionSubject.Mask.PADDED) {
      long[] lengths = subject.lengths();
      HostTensor keys = HostTensor.allocate(DType.I32, Shape.of(lengths.length));
      for (int i = 0; i < lengths.length; i++) {
        keys.setLong(i, lengths[i]);
      }
      node.without().made("key_padding_mask", keys);
    }
    Shape shape =
        Shape.of(subject.batch(), subject.length(), (long) subject.heads() * subject.headDim());
    return new OnnxRuntimeOperation(threads, node, subject.dtype(), shape) {
      @Override
      public HostTensor result() {
        try (HostTensor tokens = super.result()) {
          return Layouts.heads(tokens, subject.heads());
        }
      }
    };
  }

  @Override
  public void close() {
    // The environment is the process's.
  }
}
