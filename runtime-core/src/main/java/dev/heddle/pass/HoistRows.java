package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Gather;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Softmax;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Picks rows before they are computed: where a {@link Gather} takes rows of what is computed row by
 * row, it moves up until something looks across rows. Of a prompt whose last token's logits are
 * wanted, the last layer then computes one row behind its attention instead of all.
 *
 * <p>Only where nobody takes what is left out, and there is a product that may become smaller: of a
 * table of fixed extent, from which any number of tokens may pick, each row is computed once.
 */
public record HoistRows() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    rewriter.forEach(node -> {
      if (node.op() instanceof Gather(int axis)
          && axis == 0
          && node.input(Gather.X).type().rank() > 1
          && node.input(Gather.INDICES).type().rank() == 1
          && isFewer(
              node.input(Gather.INDICES).type().dim(0), node.input(Gather.X).type().dim(0))) {
        new Rows(rewriter, node).hoist();
      }
    });
    return rewriter.finish();
  }

  /** Whether {@code chosen} of {@code all} rows are not more, as far as anybody knows. */
  private static boolean isFewer(Dim chosen, Dim all) {
    return !all.isFixed() || chosen.isFixed() && chosen.fixed() <= all.fixed();
  }

  /** The rows that {@code gather} takes. */
  private record Rows(Rewriter graph, Node gather) {
    void hoist() {
      List<Node> nodes = List.copyOf(onlyForThese());
      if (nodes.stream().noneMatch(Rows::isProduct)) {
        return;
      }
      Map<Value, Value> picked = new HashMap<>();
      for (Node node : nodes.reversed()) {
        Value[] inputs = node.inputs().toArray(Value[]::new);
        for (int i : rowInputs(node)) {
          inputs[i] =
              picked.computeIfAbsent(
                  inputs[i],
                  value ->
                      graph.add(gather.name(), gather.op(), value, gather.input(Gather.INDICES)));
        }
        picked.put(node.output(), graph.add(node.name(), node.op(), inputs));
      }
      graph.replace(gather.output(), picked.get(gather.input(Gather.X)));
    }

    private static boolean isProduct(Node node) {
      return node.op() instanceof MatMul || node.op() instanceof ExpertMatMul;
    }

    /** The nodes whose rows nobody else takes, each after all that take its result. */
    private Set<Node> onlyForThese() {
      Set<Node> found = new LinkedHashSet<>();
      List<Value> open = new ArrayList<>(List.of(gather.input(Gather.X)));
      while (!open.isEmpty()) {
        Value value = open.removeLast();
        Node node = graph.producer(value);
        if (node != null
            && !found.contains(node)
            && node.outputs().size() == 1
            && !graph.isOutput(value)
            && graph.users(value).stream().allMatch(user -> takesRows(user, value, found))) {
          List<Integer> rows = rowInputs(node);
          if (!rows.isEmpty()) {
            found.add(node);
            rows.forEach(i -> open.add(node.input(i)));
          }
        }
      }
      return found;
    }

    /** Whether {@code user} takes {@code value} for these rows only. */
    private boolean takesRows(Node user, Value value, Set<Node> found) {
      if (!user.equals(gather) && !found.contains(user)) {
        return false;
      }
      List<Integer> rows = user.equals(gather) ? List.of(Gather.X) : rowInputs(user);
      return IntStream.range(0, user.inputs().size())
          .allMatch(i -> !value.equals(user.input(i)) || rows.contains(i));
    }

    /** The inputs whose row i alone makes row i of the result; empty where rows meet. */
    private List<Integer> rowInputs(Node node) {
      List<Integer> positions =
          switch (node.op()) {
            case Unary _, Cast _ -> List.of(0);
            case Binary _ -> List.of(0, 1);
            case Softmax(int axis, boolean _) when axis > 0 -> List.of(0);
            case LayerNorm(int axis, double _) when axis > 0 ->
                List.of(LayerNorm.X, LayerNorm.SKIP);
            case RmsNorm(int axis, double _) when axis > 0 -> List.of(RmsNorm.X, RmsNorm.SKIP);
            case ExpertMatMul _ -> List.of(ExpertMatMul.X, ExpertMatMul.EXPERTS);
            case MatMul product
                when !product.transposeA()
                    && node.input(MatMul.A).type().rank() == 2
                    && node.input(MatMul.B).type().rank() == 2 ->
                List.of(MatMul.A, MatMul.BIAS, MatMul.RESIDUAL);
            default -> List.of();
          };
      int rank = node.output().type().rank();
      Dim rows = gather.input(Gather.X).type().dim(0);
      return positions.stream()
          .filter(node::has)
          .filter(i -> node.input(i).type().rank() == rank || node.op() instanceof ExpertMatMul)
          .filter(i -> node.input(i).type().dim(0).equals(rows))
          .toList();
    }
  }
}
