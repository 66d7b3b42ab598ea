package dev.heddle.onnx;

import dev.heddle.op.Binary;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Unary;
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
}
