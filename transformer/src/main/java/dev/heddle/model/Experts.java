package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Reduce;
import dev.heddle.op.TopK;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * Which experts each token has chosen, and how much of their answers it takes.
 *
 * @param indices {@code [tokens, chosen]}
 * @param shares {@code [tokens, chosen]}, which sum to 1
 */
record Experts(GraphBuilder graph, Value indices, Value shares) {
  /**
   * The {@code chosen} highest of {@code scores [tokens, experts]}, each with its share in them.
   */
  static Experts choose(GraphBuilder graph, Value scores, int chosen) {
    List<Value> best = graph.addAll("best", new TopK(Dim.of(chosen), 1, true), 2, scores);
    Value values = best.get(TopK.VALUES);
    Value shares = graph.divide(values, graph.reduce(Reduce.Kind.SUM, values, true, -1));
    return new Experts(graph, best.get(TopK.INDICES), shares);
  }

  /**
   * Products of {@code x [tokens, in]} or {@code [tokens, chosen, in]} with the chosen experts'
   * matrices, of {@code [out, in]} each: {@code [tokens, chosen, out]}.
   */
  Value linear(String name, Value x, List<Value> matrices) {
    List<Value> inputs = new ArrayList<>(List.of(x, indices));
    inputs.addAll(matrices);
    return graph.add(name, new ExpertMatMul(), inputs.toArray(Value[]::new));
  }

  /** {@code [tokens, out]}: the answers {@code [tokens, chosen, out]}, each by its share. */
  Value sum(Value answers) {
    Dim tokens = indices.type().dim(0);
    Value weights = graph.reshape(shares, tokens, indices.type().dim(1), 1);
    return graph.reduce(Reduce.Kind.SUM, graph.multiply(answers, weights), false, 1);
  }
}
