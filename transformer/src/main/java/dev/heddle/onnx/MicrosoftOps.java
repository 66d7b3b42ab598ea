package dev.heddle.onnx;

import dev.heddle.op.Binary;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reduce;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Slice;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.Arrays;
import java.util.List;

/**
 * The operators of ONNX Runtime's own domain that its optimiser writes into saved models (<a
 * href="https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md">contrib
 * operators</a>).
 */
final class MicrosoftOps {
  private MicrosoftOps() {}

  static List<Operand> build(OnnxNode n) {
    return switch (n.type()) {
      case "Gelu" -> List.of(n.emit(new Unary(Unary.Kind.GELU), n.in(0)));
      case "BiasGelu" -> List.of(n.emit(new Unary(Unary.Kind.GELU), add(n, n.in(0), n.in(1))));
      case "FastGelu" ->
          List.of(
              n.emit(
                  new Unary(Unary.Kind.GELU_TANH), n.has(1) ? add(n, n.in(0), n.in(1)) : n.in(0)));
      case "QuickGelu" -> List.of(quickGelu(n));
      case "FusedMatMul" -> List.of(fusedMatMul(n));
      case "DynamicQuantizeMatMul" -> List.of(QuantizedOps.dynamicQuantizeMatmul(n));
      case "MatMulIntegerToFloat" -> List.of(QuantizedOps.matmulIntegerToFloat(n));
      case "Attention" -> List.of(MicrosoftAttention.packed(n));
      case "MultiHeadAttention" -> List.of(MicrosoftAttention.multiHead(n));
      case "EmbedLayerNormalization" -> embeddings(n);
      case "SimplifiedLayerNormalization" -> List.of(NormOps.rmsNorm(n));
      case "SkipLayerNormalization" -> skipNorm(n, true);
      case "SkipSimplifiedLayerNormalization" -> skipNorm(n, false);
      default -> throw OnnxOps.unknown(n);
    };
  }

  private static Operand add(OnnxNode n, Operand a, Operand b) {
    return n.emit(new Binary(Binary.Kind.ADD), a, b);
  }

  private static Operand quickGelu(OnnxNode n) {
    double alpha = n.real("alpha", 1.702);
    if (Math.abs(alpha - 1.702) < 1e-6) {
      return n.emit(new Unary(Unary.Kind.QUICK_GELU), n.in(0));
    }
    return ElementwiseOps.swish(n, alpha);
  }

  private static Operand fusedMatMul(OnnxNode n) {
    if (n.flag("transBatchA", false) || n.flag("transBatchB", false)) {
      throw n.unsupported("transposes batch axes; export the model without that fusion");
    }
    MatMul op =
        new MatMul(
            n.flag("transA", false),
            n.flag("transB", false),
            n.real("alpha", 1),
            Unary.Kind.IDENTITY);
    return n.emit(op, n.in(0), n.in(1));
  }

  /** {@code norm(x + skip + bias)}, and the sum as the fourth result. */
  private static List<Operand> skipNorm(OnnxNode n, boolean centred) {
    int biasAt = centred ? 4 : 3;
    Operand sum = add(n, n.in(0), n.in(1));
    if (n.has(biasAt)) {
      sum = add(n, sum, n.in(biasAt));
    }
    int axis = n.rank(0) - 1;
    double epsilon = n.real("epsilon", 1e-12);
    Operand y =
        centred
            ? n.emit(new LayerNorm(axis, epsilon), sum, n.in(2), n.optional(3))
            : n.emit(new RmsNorm(axis, epsilon), sum, n.in(2));
    return Arrays.asList(y, null, null, sum);
  }

  /**
   * {@code norm(words[ids] + kinds[segments] + places[positions])}, the number of tokens in each
   * row of the mask, and the sum before the norm.
   */
  private static List<Operand> embeddings(OnnxNode n) {
    Gather rows = new Gather(0);
    Operand sum = n.emit(rows, n.in(2), n.in(0));
    Operand places =
        n.has(8)
            ? n.emit(rows, n.in(3), n.in(8))
            : n.emit(new Slice(0, Dim.ZERO, n.inType(0).dim(1), 1), n.in(3));
    sum = add(n, sum, places);
    if (n.has(1) && n.has(4)) {
      sum = add(n, sum, n.emit(rows, n.in(4), n.in(1)));
    }
    LayerNorm norm = new LayerNorm(2, n.real("epsilon", 1e-12));
    Operand y = n.emit(norm, sum, n.in(5), n.optional(6));
    Operand lengths = null;
    if (n.wants(1)) {
      lengths =
          n.has(7)
              ? n.emit(new Reduce(Reduce.Kind.SUM, List.of(1), false), n.in(7))
              : n.emit(new Fill(DType.I32, List.of(n.inType(0).dim(0)), 0));
    }
    return Arrays.asList(y, lengths, sum);
  }
}
