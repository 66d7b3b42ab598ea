package dev.heddle.backend;

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
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.List;

/** What a node costs, as plans show it, whatever the backend. */
public final class Work {
  private Work() {}

  /** Bytes of all operands and results; of what a gather picks from, only what it takes. */
  public static Dim bytes(Node node) {
    Dim bytes = Dim.ZERO;
    boolean picks =
        switch (node.op()) {
          case Gather o -> true;
          case GatherElements o -> true;
          case GatherNd o -> true;
          default -> false;
        };
    if (node.op() instanceof CacheWrite) {
      Dim rows = bytes(node.input(CacheWrite.ROWS).type());
      return rows.plus(rows).plus(bytes(node.input(CacheWrite.SLOTS).type()));
    }
    boolean paged = isPaged(node);
    for (int i = 0; i < node.inputs().size(); i++) {
      if (paged && (i == Attention.KEY || i == Attention.VALUE)) {
        TensorType pages = node.input(i).type();
        Dim row = bytes(pages.with(List.of(pages.dim(2))));
        Dim sequences = node.input(Attention.PAGES).type().dim(0);
        bytes = bytes.plus(sequences.times(mostKeys(node)).times(row));
        continue;
      }
      Value read = picks && i == 0 ? node.output() : node.input(i);
      bytes = read == null ? bytes : bytes.plus(bytes(read.type()));
    }
    for (Value output : node.outputs()) {
      bytes = bytes.plus(bytes(output.type()));
    }
    return bytes;
  }

  private static boolean isPaged(Node node) {
    return node.op() instanceof Attention && node.has(Attention.PAGES);
  }

  /** Keys that the page table has room for, in one sequence. */
  private static Dim mostKeys(Node node) {
    Dim pages = node.input(Attention.PAGES).type().dim(1);
    return pages.times(node.input(Attention.KEY).type().dim(1));
  }

  private static Dim bytes(TensorType type) {
    DType dtype = type.dtype();
    if (dtype.isQuantized()) {
      // Rows are whole blocks, so every term is.
      return type.elements()
          .times(Dim.of(dtype.blockBytes()))
          .dividedBy(Dim.of(dtype.blockElements()));
    }
    return type.elements().times(Dim.of(dtype.bytes()));
  }

  /**
   * Floating-point operations, a function such as exp being one. Ragged attention is counted as if
   * all tokens were one sequence, and attention over pages as if all were full, which bounds it.
   */
  public static Dim flops(Node node) {
    return switch (node.op()) {
      case MatMul o -> matmul(node, o);
      case ExpertMatMul o -> experts(node);
      case Attention o -> attention(node, o);
      case Softmax o -> perElement(node, 5);
      case LayerNorm o -> perElement(node, 8);
      case RmsNorm o -> perElement(node, 5);
      case DynamicQuantize o -> perElement(node, 9);
      case RotaryEmbedding o -> perElement(node, 3);
      case Sample o -> perElement(node, 3);
      case Unary o -> perElement(node, 1);
      case Binary o -> perElement(node, 1);
      case Reduce o -> perElement(node, 1);
      case CumSum o -> perElement(node, 1);
      case SegmentPool o -> perElement(node, 1);
      case ArgReduce o -> Dim.ZERO;
      case CacheWrite o -> Dim.ZERO;
      case Cast o -> Dim.ZERO;
      case Compare o -> Dim.ZERO;
      case Concat o -> Dim.ZERO;
      case DimensionsOf o -> Dim.ZERO;
      case Expand o -> Dim.ZERO;
      case Fill o -> Dim.ZERO;
      case Gather o -> Dim.ZERO;
      case GatherElements o -> Dim.ZERO;
      case GatherNd o -> Dim.ZERO;
      case Pad o -> Dim.ZERO;
      case Range o -> Dim.ZERO;
      case Reshape o -> Dim.ZERO;
      case Slice o -> Dim.ZERO;
      case TopK o -> Dim.ZERO;
      case Transpose o -> Dim.ZERO;
      case Triangle o -> Dim.ZERO;
      case Where o -> Dim.ZERO;
    };
  }

  private static Dim perElement(Node node, long flops) {
    Dim elements = node.input(0).type().elements();
    if (node.op() instanceof Binary) {
      elements = node.output().type().elements();
    }
    return elements.times(Dim.of(flops));
  }

  private static Dim experts(Node node) {
    Dim inner = node.input(ExpertMatMul.X).type().dim(-1);
    return node.output().type().elements().times(inner).times(Dim.of(2));
  }

  private static Dim matmul(Node node, MatMul op) {
    TensorType a = node.input(MatMul.A).type();
    Dim inner = a.rank() > 1 && op.transposeA() ? a.dim(-2) : a.dim(-1);
    return node.output().type().elements().times(inner).times(Dim.of(2));
  }

  private static Dim attention(Node node, Attention op) {
    TensorType query = node.input(Attention.QUERY).type();
    TensorType key = node.input(Attention.KEY).type();
    Dim keys = op.layout() == Attention.Layout.TOKENS ? key.dim(1) : key.dim(-2);
    if (isPaged(node)) {
      keys = mostKeys(node);
    }
    // Each element of a query, and of a result, meets every key once.
    Dim elements = query.elements().plus(node.output().type().elements());
    return elements.times(keys).times(Dim.of(2));
  }
}
