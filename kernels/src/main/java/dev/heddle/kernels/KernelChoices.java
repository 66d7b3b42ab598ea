package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.CumSum;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.Expand;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.TopK;
import dev.heddle.op.Transpose;
import dev.heddle.op.Triangle;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Views;
import dev.heddle.tensor.DType;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Which kernel runs a node: the one place where {@code supports} and {@code compile} decide. */
final class KernelChoices {
  private final DeviceLimits limits;
  private final MatMulTuning matmul;
  private final ProductLibrary library;
  private final boolean tf32;

  /**
   * Chooses for a device that allows this, with these tiles.
   *
   * @param library what multiplies where it can; null for our own kernels alone
   * @param tf32 whether it may take float32's first bits only
   */
  KernelChoices(DeviceLimits limits, MatMulTuning matmul, ProductLibrary library, boolean tf32) {
    this.limits = limits;
    this.matmul = matmul;
    this.library = library;
    this.tf32 = tf32;
  }

  /**
   * The kernel for a node.
   *
   * @param known tells the values that are constants
   */
  Choice<Launch.Preparation> choose(Node node, Predicate<Value> known) {
    if (!limits.float64() && usesFloat64(node)) {
      return new Choice.Refuse<>("the device does not compute in float64");
    }
    return switch (node.op()) {
      case ArgReduce op -> ArgReduceLaunch.choose(node, op);
      case Attention op -> AttentionLaunch.choose(node, op, limits);
      case Binary op -> BinaryLaunch.choose(node, op, limits.float64());
      case CacheWrite op -> CacheWriteLaunch.choose(node);
      case Cast op -> UnaryLaunch.choose(node, op);
      case Compare op -> BinaryLaunch.choose(node, op);
      case Concat op -> MoveLaunch.choose(node, op);
      case CumSum op -> CumSumLaunch.choose(node, op);
      case DimensionsOf op -> FillLaunch.choose(op);
      case DynamicQuantize op -> DynamicQuantizeLaunch.choose(node, op);
      case Expand op -> MoveLaunch.choose(node, op);
      case ExpertMatMul op -> ExpertMatMulLaunch.choose(node, known, limits, matmul);
      case Fill op -> FillLaunch.choose(node, op);
      case Gather op -> GatherLaunch.choose(node, op);
      case GatherElements op -> GatherLaunch.choose(node, op);
      case GatherNd op -> GatherLaunch.choose(node, op);
      case LayerNorm op -> NormLaunch.choose(node, op);
      case MatMul op -> matmul(node, op, known);
      case Pad op -> MoveLaunch.choose(node, op);
      case Range op -> RangeLaunch.choose(node, op);
      case Reduce op -> ReduceLaunch.choose(node, op);
      case Reshape op -> Views.same("the same elements in the same order");
      case RmsNorm op -> NormLaunch.choose(node, op);
      case RotaryEmbedding op -> RotaryEmbeddingLaunch.choose(node, op);
      case Sample op -> SampleLaunch.choose(limits);
      case SegmentPool op -> SegmentPoolLaunch.choose(node, op);
      case Slice op -> MoveLaunch.choose(node, op);
      case Softmax op -> SoftmaxLaunch.choose(node, op);
      case TopK op -> TopKLaunch.choose(node, op, limits.cpu());
      case Transpose op -> MoveLaunch.choose(node, op);
      case Triangle op -> TriangleLaunch.choose(node, op);
      case Unary op -> UnaryLaunch.choose(node, op);
      case Where op -> WhereLaunch.choose(node);
    };
  }

  private Choice<Launch.Preparation> matmul(Node node, MatMul op, Predicate<Value> known) {
    Choice<Launch.Preparation> choice =
        library == null ? null : MatMulLibrary.choose(node, op, known, library, tf32, matmul);
    return choice != null ? choice : MatMulLaunch.choose(node, op, known, limits, matmul);
  }

  private static boolean usesFloat64(Node node) {
    return Stream.concat(node.inputs().stream(), node.outputs().stream())
        .anyMatch(value -> value != null && value.type().dtype() == DType.F64);
  }
}
