package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Compare;
import dev.heddle.op.Reduce;
import dev.heddle.op.TopK;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.stream.LongStream;

/** How much of each expert's answer a token takes. */
final class Experts {
  private Experts() {}

  /**
   * {@code [tokens, experts]}: of the {@code chosen} highest scores their share in the sum of
   * these, of the others 0.
   */
  static Value weights(GraphBuilder graph, Value scores, int experts, int chosen) {
    Dim tokens = scores.type().dim(0);
    List<Value> best = graph.addAll("best", new TopK(Dim.of(chosen), 1, true), 2, scores);
    Value shares =
        graph.divide(
            best.get(TopK.VALUES), graph.reduce(Reduce.Kind.SUM, best.get(TopK.VALUES), true, -1));
    Value numbers =
        graph.constant(
            "experts.numbers",
            HostTensor.of(LongStream.range(0, experts).toArray(), 1, 1, experts));
    Value isOwn =
        graph.add(
            "chosen",
            new Compare(Compare.Kind.EQUAL),
            graph.reshape(best.get(TopK.INDICES), tokens, chosen, 1),
            numbers);
    Value zero = graph.constant("experts.zero", HostTensor.scalar(DType.F32, 0));
    Value spread =
        graph.add("spread", new Where(), isOwn, graph.reshape(shares, tokens, chosen, 1), zero);
    return graph.reduce(Reduce.Kind.SUM, spread, false, 1);
  }

  /** Column {@code e}, {@code [tokens, 1]}. */
  static Value column(GraphBuilder graph, Value weights, int e) {
    return graph.slice(weights, -1, Dim.of(e), Dim.ONE);
  }
}
