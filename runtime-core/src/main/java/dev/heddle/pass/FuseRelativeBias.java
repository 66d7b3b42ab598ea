package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;

/**
 * Gives an attention its biases by distance ({@link Attention#RELATIVE}) where its mask, or a term
 * of it, is computed from the distance of query and key alone (see {@link RelativeBias}): a few
 * numbers a head instead of one for each pair, and a form that needs no padding.
 */
public record FuseRelativeBias() implements Pass {
  private static final int MAX_TERMS = 8;

  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Algebra algebra = new Algebra(rewriter);
    RelativeBias bias = new RelativeBias(rewriter, algebra);
    rewriter.forEach(node -> {
      if (node.op() instanceof Attention op
          && op.causal() != Attention.Causal.BOTTOM_RIGHT
          && node.has(Attention.MASK)
          && !node.has(Attention.RELATIVE)) {
        fuse(rewriter, algebra, bias, node, op);
      }
    });
    return rewriter.finish();
  }

  private static void fuse(
      Rewriter graph, Algebra algebra, RelativeBias bias, Node node, Attention op) {
    Value mask = node.input(Attention.MASK);
    Term term = term(algebra, bias, mask, op.heads(), 0);
    if (term == null || term.table.dtype() != node.input(Attention.QUERY).type().dtype()) {
      return;
    }
    int count = Math.max(node.inputs().size(), Attention.RELATIVE + 1);
    Value[] inputs = Arrays.copyOf(node.inputs().toArray(Value[]::new), count);
    inputs[Attention.MASK] = without(graph, algebra, mask, term.value);
    inputs[Attention.RELATIVE] = graph.constant(term.value.name(), term.table);
    var results = graph.addAll(node.name(), op, node.outputs().size(), inputs);
    for (int i = 0; i < results.size(); i++) {
      graph.replace(node.outputs().get(i), results.get(i));
    }
  }

  private record Term(Value value, HostTensor table) {}

  /** A term of {@code sum} that is a bias by distance, or null. */
  private static Term term(Algebra algebra, RelativeBias bias, Value sum, int heads, int depth) {
    HostTensor table = bias.table(sum, heads);
    if (table != null) {
      return new Term(sum, table);
    }
    Node node = algebra.binary(sum, Binary.Kind.ADD);
    Term found = null;
    for (int i = 0; node != null && depth < MAX_TERMS && found == null && i < 2; i++) {
      found = term(algebra, bias, node.input(i), heads, depth + 1);
    }
    return found;
  }

  /** {@code sum} less {@code term}; null where nothing is left. */
  private static Value without(Rewriter graph, Algebra algebra, Value sum, Value term) {
    if (sum.equals(term)) {
      return null;
    }
    Node node = algebra.binary(sum, Binary.Kind.ADD);
    if (node == null) {
      return sum;
    }
    for (int i = 0; i < 2; i++) {
      Value left = without(graph, algebra, node.input(i), term);
      Value other = node.input(1 - i);
      if (left == null) {
        return other;
      }
      if (!left.equals(node.input(i))) {
        return graph.add(node.name(), node.op(), left, other);
      }
    }
    return sum;
  }
}
