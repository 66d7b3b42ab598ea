package dev.heddle.onnx;

import static dev.heddle.op.Binary.Kind.ADD;
import static dev.heddle.op.Binary.Kind.AND;
import static dev.heddle.op.Binary.Kind.DIV;
import static dev.heddle.op.Binary.Kind.FMOD;
import static dev.heddle.op.Binary.Kind.MAX;
import static dev.heddle.op.Binary.Kind.MIN;
import static dev.heddle.op.Binary.Kind.MOD;
import static dev.heddle.op.Binary.Kind.MUL;
import static dev.heddle.op.Binary.Kind.OR;
import static dev.heddle.op.Binary.Kind.POW;
import static dev.heddle.op.Binary.Kind.SUB;
import static dev.heddle.op.Binary.Kind.XOR;

import dev.heddle.op.Compare;
import dev.heddle.op.Reduce;
import dev.heddle.op.Unary;
import java.util.List;

/**
 * The operators that are read, by name: one line each, and the family that says how (<a
 * href="https://onnx.ai/onnx/operators/">ONNX operators</a>).
 */
final class OnnxOps {
  private OnnxOps() {}

  /** The results of {@code node}, by position; null where one is not supported. */
  static List<Operand> build(OnnxNode node) {
    return switch (node.domain()) {
      case "ai.onnx" -> standard(node);
      case "com.microsoft" -> MicrosoftOps.build(node);
      default -> throw unknown(node);
    };
  }

  static OnnxException unknown(OnnxNode node) {
    return node.unsupported("is not supported; export the model without it");
  }

  private static List<Operand> standard(OnnxNode n) {
    return switch (n.type()) {
      case "Split" -> ViewOps.split(n);
      case "TopK" -> ReductionOps.topK(n);
      case "LayerNormalization" -> NormOps.layerNorm(n);
      case "Attention" -> AttentionOps.attention(n);
      case "Dropout" -> ElementwiseOps.dropout(n);
      case "DynamicQuantizeLinear" -> QuantizedOps.dynamicQuantize(n);
      case "If" -> branch(n);
      default -> List.of(single(n));
    };
  }

  /** The operators with one result. */
  private static Operand single(OnnxNode n) {
    return switch (n.type()) {
      case "Abs" -> unary(n, Unary.Kind.ABS);
      case "Neg" -> unary(n, Unary.Kind.NEG);
      case "Sign" -> unary(n, Unary.Kind.SIGN);
      case "Reciprocal" -> unary(n, Unary.Kind.RECIPROCAL);
      case "Sqrt" -> unary(n, Unary.Kind.SQRT);
      case "Exp" -> unary(n, Unary.Kind.EXP);
      case "Log" -> unary(n, Unary.Kind.LOG);
      case "Sin" -> unary(n, Unary.Kind.SIN);
      case "Cos" -> unary(n, Unary.Kind.COS);
      case "Floor" -> unary(n, Unary.Kind.FLOOR);
      case "Ceil" -> unary(n, Unary.Kind.CEIL);
      case "Round" -> unary(n, Unary.Kind.ROUND);
      case "Erf" -> unary(n, Unary.Kind.ERF);
      case "Tanh" -> unary(n, Unary.Kind.TANH);
      case "Sigmoid" -> unary(n, Unary.Kind.SIGMOID);
      case "Relu" -> unary(n, Unary.Kind.RELU);
      case "Softplus" -> unary(n, Unary.Kind.SOFTPLUS);
      case "Not" -> unary(n, Unary.Kind.NOT);
      case "IsNaN" -> unary(n, Unary.Kind.IS_NAN);
      case "IsInf" -> ElementwiseOps.isInf(n);
      case "Identity" -> n.in(0);
      case "Gelu" -> ElementwiseOps.gelu(n);
      case "Mish" -> ElementwiseOps.mish(n);
      case "Swish" -> ElementwiseOps.swish(n, n.real("alpha", 1));
      case "LeakyRelu" -> ElementwiseOps.leakyRelu(n);
      case "PRelu" -> ElementwiseOps.leaky(n, n.in(1));
      case "HardSigmoid" -> ElementwiseOps.hardSigmoid(n);
      case "Clip" -> ElementwiseOps.clip(n);
      case "Add" -> ElementwiseOps.binary(n, ADD);
      case "Sub" -> ElementwiseOps.binary(n, SUB);
      case "Mul" -> ElementwiseOps.binary(n, MUL);
      case "Div" -> ElementwiseOps.binary(n, DIV);
      case "Pow" -> ElementwiseOps.binary(n, POW);
      case "Mod" -> ElementwiseOps.binary(n, n.flag("fmod", false) ? FMOD : MOD);
      case "And" -> ElementwiseOps.binary(n, AND);
      case "Or" -> ElementwiseOps.binary(n, OR);
      case "Xor" -> ElementwiseOps.binary(n, XOR);
      case "Sum" -> ElementwiseOps.all(n, ADD);
      case "Min" -> ElementwiseOps.all(n, MIN);
      case "Max" -> ElementwiseOps.all(n, MAX);
      case "Mean" -> ElementwiseOps.mean(n);
      case "Equal" -> ElementwiseOps.compare(n, Compare.Kind.EQUAL);
      case "Less" -> ElementwiseOps.compare(n, Compare.Kind.LESS);
      case "LessOrEqual" -> ElementwiseOps.compare(n, Compare.Kind.LESS_OR_EQUAL);
      case "Greater" -> ElementwiseOps.compare(n, Compare.Kind.GREATER);
      case "GreaterOrEqual" -> ElementwiseOps.compare(n, Compare.Kind.GREATER_OR_EQUAL);
      case "Where" -> ElementwiseOps.where(n);
      case "Cast" -> ElementwiseOps.cast(n, n.elementType("to"));
      case "CastLike" -> ElementwiseOps.cast(n, n.dtype(1));
      case "ReduceSum" -> ReductionOps.reduce(n, Reduce.Kind.SUM);
      case "ReduceMean" -> ReductionOps.reduce(n, Reduce.Kind.MEAN);
      case "ReduceMax" -> ReductionOps.reduce(n, Reduce.Kind.MAX);
      case "ReduceMin" -> ReductionOps.reduce(n, Reduce.Kind.MIN);
      case "ReduceProd" -> ReductionOps.reduce(n, Reduce.Kind.PROD);
      case "ReduceL1" -> ReductionOps.reduce(n, Reduce.Kind.L1);
      case "ReduceL2" -> ReductionOps.reduce(n, Reduce.Kind.L2);
      case "ReduceLogSum" -> ReductionOps.reduce(n, Reduce.Kind.LOG_SUM);
      case "ReduceLogSumExp" -> ReductionOps.reduce(n, Reduce.Kind.LOG_SUM_EXP);
      case "ReduceSumSquare" -> ReductionOps.reduce(n, Reduce.Kind.SUM_SQUARE);
      case "ArgMax" -> ReductionOps.arg(n, true);
      case "ArgMin" -> ReductionOps.arg(n, false);
      case "CumSum" -> ReductionOps.cumSum(n);
      case "Softmax" -> NormOps.softmax(n, false);
      case "LogSoftmax" -> NormOps.softmax(n, true);
      case "RMSNormalization", "SimplifiedLayerNormalization" -> NormOps.rmsNorm(n);
      case "MatMul" -> MatrixOps.matmul(n);
      case "Gemm" -> MatrixOps.gemm(n);
      case "MatMulInteger" -> QuantizedOps.matmulInteger(n);
      case "QuantizeLinear" -> QuantizedOps.quantizeLinear(n);
      case "DequantizeLinear" -> QuantizedOps.dequantize(n);
      case "RotaryEmbedding" -> AttentionOps.rotary(n);
      case "Reshape" -> ViewOps.reshape(n);
      case "Flatten" -> ViewOps.flatten(n);
      case "Squeeze" -> ViewOps.squeeze(n);
      case "Unsqueeze" -> ViewOps.unsqueeze(n);
      case "Transpose" -> ViewOps.transpose(n);
      case "Expand" -> ViewOps.expand(n);
      case "Tile" -> ViewOps.tile(n);
      case "Concat" -> ViewOps.concat(n);
      case "Slice" -> SliceOp.slice(n);
      case "Gather" -> IndexOps.gather(n);
      case "GatherElements" -> IndexOps.gatherElements(n);
      case "GatherND" -> IndexOps.gatherNd(n);
      case "OneHot" -> IndexOps.oneHot(n);
      case "Pad" -> IndexOps.pad(n);
      case "Trilu" -> IndexOps.triangle(n);
      case "Shape" -> SourceOps.shape(n);
      case "Size" -> SourceOps.size(n);
      case "Constant" -> SourceOps.constant(n);
      case "ConstantOfShape" -> SourceOps.constantOfShape(n);
      case "Range" -> SourceOps.range(n);
      default -> throw unknown(n);
    };
  }

  private static Operand unary(OnnxNode n, Unary.Kind kind) {
    return n.emit(new Unary(kind), n.in(0));
  }

  /** A branch is read where its condition is known: exporters ask about shapes. */
  private static List<Operand> branch(OnnxNode n) {
    boolean then = n.known(0, "the condition").getLong(0) != 0;
    return n.inline(n.graph(then ? "then_branch" : "else_branch"));
  }
}
