package dev.heddle.bench.gpu;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Self-attention, {@code [batch, heads, length, headDim]}. */
record AttentionSubject(
    DType dtype, long batch, int heads, long length, int headDim, boolean causal)
    implements Subject {
  /** Sampled queries: the first and the last among them. */
  private static final int SAMPLED = 12;

  @Override
  public String group() {
    return "attention";
  }

  @Override
  public String shape() {
    return "%d x %d heads of %d, %d tokens%s"
        .formatted(batch, heads, headDim, length, causal ? ", causal" : "");
  }

  @Override
  public Bound bound() {
    return Bound.COMPUTE;
  }

  /** As is usual, a causal one's is half of that without a mask. */
  @Override
  public double work() {
    return 4.0 * batch * heads * length * length * headDim / (causal ? 2 : 1);
  }

  @Override
  public Asked asked() {
    return Asked.ofPeer(1);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    return List.of(operand(data), operand(data), operand(data));
  }

  private HostTensor operand(RandomData data) {
    return data.normal(dtype, batch, heads, length, headDim);
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    Attention op = Attention.of(heads, headDim, Attention.Layout.HEADS);
    return graph.add("attention", causal ? op.with(Attention.Causal.BOTTOM_RIGHT) : op, operands);
  }

  /** Each sampled query again, alone, beside those keys that it sees. */
  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    long queries = batch * heads * length;
    long[] places = Samples.places(queries, SAMPLED);
    places[0] = 0;
    places[places.length - 1] = queries - 1;
    AttentionSubject one = new AttentionSubject(dtype, 1, 1, 1, headDim, false);
    for (long place : places) {
      long head = place / length;
      long keys = causal ? place % length + 1 : length;
      HostTensor query = Samples.stretch(operands.get(0), place * headDim, 1, 1, 1, headDim);
      HostTensor key = keys(operands.get(1), head, keys);
      HostTensor value = keys(operands.get(2), head, keys);
      String wrong =
          Samples.difference(
              Samples.stretch(result, place * headDim, 1, 1, 1, headDim),
              one.reference(Arrays.asList(query, key, value)));
      if (wrong != null) {
        return "query %d of head %d: %s".formatted(place % length, head, wrong);
      }
    }
    return null;
  }

  private HostTensor keys(HostTensor tensor, long head, long keys) {
    return Samples.stretch(tensor, head * length * headDim, 1, 1, keys, headDim);
  }

  @Override
  public Map<String, Object> peer() {
    return Map.of(
        "op",
        "attention",
        "batch",
        batch,
        "heads",
        heads,
        "length",
        length,
        "head_dim",
        headDim,
        "causal",
        causal);
  }
}
