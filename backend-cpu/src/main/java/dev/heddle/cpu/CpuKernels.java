package dev.heddle.cpu;

import dev.heddle.backend.BackendOptions.Activations;
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
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Which kernel runs a node: the one place where {@code supports} and {@code compile} decide. */
final class CpuKernels {
  private final Kernels kernels;
  private final Activations activations;
  private final MatrixUnits units;

  /** Chooses with these float32 kernels. */
  CpuKernels(Kernels kernels) {
    this(kernels, Activations.FLOAT32);
  }

  /** The same, with these activations before block-quantised weights. */
  CpuKernels(Kernels kernels, Activations activations) {
    this(kernels, activations, MatrixUnits.NONE);
  }

  private CpuKernels(Kernels kernels, Activations activations, MatrixUnits units) {
    this.kernels = kernels;
    this.activations = activations;
    this.units = units;
  }

  /** The same, with products of bf16 by these where they fit. */
  CpuKernels with(MatrixUnits other) {
    return new CpuKernels(kernels, activations, other);
  }

  /** Whether a node is a product for matrix units. */
  boolean fitsUnits(Node node, Predicate<Value> known) {
    return OneDnnMatMul.fits(node, kernels, known);
  }

  /**
   * The node with f32 in the place of f16 and bf16, where that spares it float64; else the node.
   *
   * @param known tells the values that are constants
   */
  Node widened(Node node, Predicate<Value> known) {
    if (!isDoubles(choose(node, known))) {
      return node;
    }
    List<Value> inputs = new ArrayList<>(node.inputs());
    inputs.replaceAll(value -> value == null ? null : Widening.f32(value));
    if (node.op() instanceof MatMul && CpuMatMul.isPacked(node.input(MatMul.B), known)) {
      inputs.set(MatMul.B, node.input(MatMul.B));
    }
    if (units.library() != null && fitsUnits(node, known)) {
      inputs.set(MatMul.A, node.input(MatMul.A));
    }
    for (int i = ExpertMatMul.WEIGHTS; i < inputs.size(); i++) {
      if (node.op() instanceof ExpertMatMul && CpuMatMul.isPacked(node.input(i), known)) {
        inputs.set(i, node.input(i));
      }
    }
    if (node.op() instanceof Attention && node.has(Attention.PAGES)) {
      // A cache is never copied whole; the kernel widens what it looks at.
      inputs.set(Attention.KEY, node.input(Attention.KEY));
      inputs.set(Attention.VALUE, node.input(Attention.VALUE));
    }
    List<Value> outputs = node.outputs().stream().map(Widening::f32).toList();
    Node wide = new Node(node.name(), node.op(), inputs, outputs);
    return isDoubles(choose(wide, known)) ? node : wide;
  }

  private static boolean isDoubles(Choice<CpuKernel.Preparation> choice) {
    return choice instanceof Choice.Run<CpuKernel.Preparation> run
        && run.name().equals(CpuKernel.DOUBLES);
  }

  /**
   * The kernel for a node.
   *
   * @param known tells the values that are constants
   */
  Choice<CpuKernel.Preparation> choose(Node node, Predicate<Value> known) {
    return switch (node.op()) {
      case Unary op -> CpuUnary.choose(node, op, kernels);
      case Binary op -> CpuBinary.choose(node, op, kernels);
      case Compare op -> CpuCompare.choose(node, op);
      case Where op -> CpuWhere.choose(node);
      case Cast op -> CpuCast.choose(node, op, kernels, known);
      case Reduce op -> CpuReduce.choose(node, op);
      case ArgReduce op -> CpuArgReduce.choose(op);
      case TopK op -> CpuTopK.choose(op);
      case CumSum op -> CpuCumSum.choose(op);
      case Softmax op -> CpuSoftmax.choose(node, op, kernels);
      case LayerNorm op -> CpuNorm.choose(node, op, kernels);
      case RmsNorm op -> CpuNorm.choose(node, op, kernels);
      case DynamicQuantize op -> CpuDynamicQuantize.choose(op, kernels);
      case RotaryEmbedding op -> CpuRotaryEmbedding.choose(node, op, kernels);
      case MatMul op when units.library() != null && OneDnnMatMul.takes(node, kernels, known) ->
          OneDnnMatMul.choose(op, kernels, units.library());
      case MatMul op -> CpuMatMul.choose(node, op, kernels, activations, known);
      case ExpertMatMul op -> CpuExpertMatMul.choose(node, kernels, activations, known);
      case Attention op -> CpuAttention.choose(node, op, kernels);
      case Sample op -> CpuSample.choose(kernels);
      case SegmentPool op -> CpuSegmentPool.choose(op);
      case CacheWrite op -> CpuCacheWrite.choose();
      case Gather op -> CpuGather.choose(node, op, kernels, known);
      case GatherElements op -> CpuGatherElements.choose(op);
      case GatherNd op -> CpuGatherNd.choose(op);
      case Reshape op -> Views.same("the same elements in the same order");
      case Transpose op -> CpuMove.choose(node, op);
      case Expand op -> CpuMove.choose(node, op);
      case Concat op -> CpuMove.choose(node, op);
      case Slice op -> CpuMove.choose(node, op);
      case Pad op -> CpuMove.choose(node, op);
      case Triangle op -> CpuTriangle.choose(op);
      case Fill op -> CpuFill.choose(op.value());
      case Range op -> CpuRange.choose(op);
      case DimensionsOf op -> CpuDimensionsOf.choose(op);
    };
  }
}
