package dev.heddle.bench.ops;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Attention of a decode step: a query for each sequence, its keys and values in pages that lie in
 * any order. PyTorch is given the same keys and values one after another.
 *
 * @param length tokens of each sequence, a multiple of {@value #PAGE_TOKENS}
 */
public record CachedAttentionSubject(
    DType dtype, int sequences, int length, int heads, int kvHeads, int headDim)
    implements Subject {
  private static final int PAGE_TOKENS = 128;

  /** Sequences computed again times their tokens. */
  private static final int SAMPLED_TOKENS = 32_768;

  /** Refuses pages that are not full. */
  public CachedAttentionSubject {
    if (length % PAGE_TOKENS != 0) {
      throw new IllegalArgumentException(
          "%d cached tokens; expected a multiple of %d".formatted(length, PAGE_TOKENS));
    }
  }

  @Override
  public String group() {
    return "attention";
  }

  @Override
  public String shape() {
    return "%dx%dx1x%d over %d cached of %d heads"
        .formatted(sequences, heads, headDim, length, kvHeads);
  }

  @Override
  public Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("batch", sequences);
    parameters.put("heads", heads);
    parameters.put("tokens", 1);
    parameters.put("head_dim", headDim);
    parameters.put("mask", "causal");
    parameters.put("cached", length);
    parameters.put("kv_heads", kvHeads);
    return parameters;
  }

  @Override
  public double flops() {
    return 4.0 * sequences * heads * length * headDim;
  }

  /** Keys and values, each once, and queries. */
  @Override
  public double bytesRead() {
    return 2.0 * dtype.bytes((long) sequences * headDim * length * kvHeads) + bytesWritten();
  }

  @Override
  public double bytesWritten() {
    return dtype.bytes((long) sequences * headDim * heads);
  }

  @Override
  public Shape result() {
    return Shape.of(sequences, (long) heads * headDim);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    int most = length / PAGE_TOKENS;
    int pages = sequences * most;
    int columns = kvHeads * headDim;
    int[] starts = IntStream.rangeClosed(0, sequences).toArray();
    int[] lengths = new int[sequences];
    Arrays.fill(lengths, length);
    return Arrays.asList(
        data.normal(dtype, sequences, (long) heads * headDim),
        data.normal(dtype, pages, PAGE_TOKENS, columns),
        data.normal(dtype, pages, PAGE_TOKENS, columns),
        null,
        HostTensor.of(starts, starts.length),
        null,
        HostTensor.of(lengths, lengths.length),
        null,
        null,
        HostTensor.of(data.permutation(pages), sequences, most));
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    Attention op =
        new Attention(
            heads,
            kvHeads,
            Attention.Layout.RAGGED,
            1 / Math.sqrt(headDim),
            Attention.Causal.BOTTOM_RIGHT,
            0,
            0,
            Attention.Map.NONE);
    return graph.add("attention", op, operands);
  }

  /** Some sequences again, each alone with its pages. */
  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    int most = length / PAGE_TOKENS;
    int[] table = operands.get(Attention.PAGES).toInts();
    int sampled = Math.clamp(SAMPLED_TOKENS / length, 1, 4);
    for (long sequence : Samples.places(sequences, sampled)) {
      long[] row = {sequence};
      int first = (int) sequence * most;
      int[] pages = Arrays.copyOfRange(table, first, first + most);
      List<HostTensor> own =
          Arrays.asList(
              Samples.part(operands.get(Attention.QUERY), row, null),
              pages(operands.get(Attention.KEY), pages),
              pages(operands.get(Attention.VALUE), pages),
              null,
              HostTensor.of(new int[] {0, 1}, 2),
              null,
              HostTensor.of(new int[] {length}, 1),
              null,
              null,
              HostTensor.of(IntStream.range(0, most).toArray(), 1, most));
      String wrong = Samples.difference(Samples.part(result, row, null), reference(own));
      if (wrong != null) {
        return "sequence %d: %s".formatted(sequence, wrong);
      }
    }
    return null;
  }

  private HostTensor pages(HostTensor cache, int[] pages) {
    Shape shape = cache.shape();
    HostTensor rows = cache.reshape(shape.dim(0), shape.dim(1) * shape.dim(2));
    return Samples.part(rows, Arrays.stream(pages).asLongStream().toArray(), null)
        .reshape(pages.length, shape.dim(1), shape.dim(2));
  }
}
