package dev.heddle.pass;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Reshape;
import dev.heddle.op.Transpose;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * Queries, keys or values of an attention in primitives.
 *
 * @param base what the heads are made from, by {@code permutation}
 * @param permutation leads from {@code base} to {@code [batch, heads, sequence, headDim]}
 * @param source what {@code base} is a reshape of; {@code base} itself where it is none
 * @param factor what all elements of {@code source} are multiplied by
 */
record AttentionOperand(Value base, List<Integer> permutation, Value source, double factor) {
  /**
   * From {@code [batch, sequence, heads, headDim]} to {@code [batch, heads, sequence, headDim]}.
   */
  static final List<Integer> SWAP_HEADS = List.of(0, 2, 1, 3);

  private static final List<Integer> UNCHANGED = List.of(0, 1, 2, 3);

  /**
   * Reads {@code value}, {@code [batch, heads, sequence, headDim]} or, if {@code transposed},
   * {@code [batch, heads, headDim, sequence]}.
   */
  static AttentionOperand of(Algebra algebra, Rewriter graph, Value value, boolean transposed) {
    Algebra.Scaled outer = algebra.unscale(value);
    double factor = outer.factor();
    Value base = outer.value();
    List<Integer> permutation = UNCHANGED;
    if (graph.producer(base) != null
        && graph.producer(base).op() instanceof Transpose(List<Integer> axes)) {
      Algebra.Scaled inner = algebra.unscale(graph.producer(base).input(0));
      factor *= inner.factor();
      base = inner.value();
      permutation = axes;
    }
    if (transposed && permutation.size() == 4) {
      permutation = new ArrayList<>(permutation);
      permutation.add(permutation.remove(2));
    }
    Node reshape = graph.producer(base);
    if (permutation.equals(SWAP_HEADS) && reshape != null && reshape.op() instanceof Reshape) {
      Algebra.Scaled inner = algebra.unscale(reshape.input(0));
      return new AttentionOperand(base, permutation, inner.value(), factor * inner.factor());
    }
    return new AttentionOperand(base, permutation, base, factor);
  }

  /** Whether the heads of each token lie side by side before they are taken apart. */
  boolean hasTokens() {
    return permutation.equals(SWAP_HEADS);
  }

  /** {@code [batch, sequence, heads * headDim]}, without the factor. */
  Value tokens(Rewriter graph) {
    List<Dim> dims = base.type().dims();
    List<Dim> joined = List.of(dims.get(0), dims.get(1), dims.get(2).times(dims.get(3)));
    return source.type().dims().equals(joined)
        ? source
        : graph.add(base.name() + ".tokens", new Reshape(joined), source);
  }

  /** Number of heads, or 0 where it is not a number, or the operand has not four axes. */
  long heads() {
    if (base.type().rank() != 4) {
      return 0;
    }
    Dim heads = base.type().dim(permutation.get(1));
    return heads.isFixed() ? heads.fixed() : 0;
  }

  Dim batch() {
    return base.type().dim(permutation.get(0));
  }

  /** {@code [batch, heads, sequence, headDim]}, without the factor. */
  Value split(Rewriter graph) {
    List<Dim> dims = base.type().dims();
    Value apart =
        source.type().dims().equals(dims)
            ? source
            : graph.add(base.name(), new Reshape(dims), source);
    return permutation.equals(UNCHANGED)
        ? apart
        : graph.add(base.name() + ".heads", new Transpose(permutation), apart);
  }
}
