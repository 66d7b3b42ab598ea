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
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Self-attention of a batch: {@code [batch, heads, length, headDim]}, or {@code [tokens, heads *
 * headDim]} where it is ragged.
 *
 * @param length tokens of each sequence, or of the longest
 */
public record AttentionSubject(
    DType dtype, long batch, int heads, long length, int headDim, Mask mask) implements Subject {
  /** Sampled queries: the first and the last among them. */
  private static final int SAMPLED = 12;

  /** Which keys a query sees. */
  public enum Mask {
    /** All. */
    NONE,
    /** Those that do not come after it. */
    CAUSAL,
    /** Those that are none of the padding: sequences are a quarter to all of the length. */
    PADDED,
    /** The same sequences without padding. */
    RAGGED
  }

  @Override
  public String group() {
    return "attention";
  }

  @Override
  public String shape() {
    return "%dx%dx%dx%d %s".formatted(batch, heads, length, headDim, words());
  }

  private String words() {
    return mask == Mask.NONE ? "full" : mask.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Map<String, Object> parameters() {
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("batch", batch);
    parameters.put("heads", heads);
    parameters.put("tokens", length);
    parameters.put("head_dim", headDim);
    parameters.put("mask", words());
    parameters.put("cached", 0);
    return parameters;
  }

  private boolean isRagged() {
    return mask == Mask.RAGGED;
  }

  /** Tokens of each sequence, padding left out. */
  public long[] lengths() {
    long shortest = mask == Mask.PADDED || isRagged() ? Math.ceilDiv(length, 4) : length;
    return LongStream.range(0, batch)
        .map(i -> length - (length - shortest) * i / Math.max(1, batch - 1))
        .toArray();
  }

  /** Where each sequence begins, and the end of the last. */
  private int[] starts() {
    long[] lengths = lengths();
    int[] starts = new int[lengths.length + 1];
    for (int i = 0; i < lengths.length; i++) {
      starts[i + 1] = Math.toIntExact(starts[i] + lengths[i]);
    }
    return starts;
  }

  /** Queries of one head. */
  private long queries() {
    return isRagged() ? LongStream.of(lengths()).sum() : batch * length;
  }

  /** Of queries with the keys that they see; as is usual, half of all for a causal one. */
  @Override
  public double flops() {
    double pairs =
        switch (mask) {
          case NONE -> (double) batch * length * length;
          case CAUSAL -> (double) batch * length * length / 2;
          case PADDED -> (double) length * LongStream.of(lengths()).sum();
          case RAGGED -> LongStream.of(lengths()).mapToDouble(each -> (double) each * each).sum();
        };
    return 4 * pairs * heads * headDim;
  }

  @Override
  public double bytesRead() {
    return 3 * bytesWritten();
  }

  @Override
  public double bytesWritten() {
    return dtype.bytes(queries() * heads * headDim);
  }

  @Override
  public Shape result() {
    return isRagged()
        ? Shape.of(queries(), (long) heads * headDim)
        : Shape.of(batch, heads, length, headDim);
  }

  @Override
  public List<HostTensor> operands(RandomData data) {
    HostTensor query = operand(data);
    HostTensor key = operand(data);
    HostTensor value = operand(data);
    return switch (mask) {
      case NONE, CAUSAL -> List.of(query, key, value);
      case PADDED ->
          Arrays.asList(query, key, value, null, null, null, HostTensor.of(lengths(), batch));
      case RAGGED -> Arrays.asList(query, key, value, null, HostTensor.of(starts(), batch + 1));
    };
  }

  private HostTensor operand(RandomData data) {
    return isRagged()
        ? data.normal(dtype, queries(), (long) heads * headDim)
        : data.normal(dtype, batch, heads, length, headDim);
  }

  @Override
  public Value apply(GraphBuilder graph, Value... operands) {
    Attention.Layout layout = isRagged() ? Attention.Layout.RAGGED : Attention.Layout.HEADS;
    Attention op = Attention.of(heads, headDim, layout);
    return graph.add(
        "attention", mask == Mask.CAUSAL ? op.with(Attention.Causal.BOTTOM_RIGHT) : op, operands);
  }

  /** Each sampled query again, alone, beside those keys that it sees. */
  @Override
  public String wrong(List<HostTensor> operands, HostTensor result) {
    long vectors = queries() * heads;
    long[] places = Samples.places(vectors, SAMPLED);
    places[0] = 0;
    places[places.length - 1] = vectors - 1;
    AttentionSubject one = new AttentionSubject(dtype, 1, 1, 1, headDim, Mask.NONE);
    for (long place : places) {
      HostTensor query =
          Samples.stretch(operands.get(Attention.QUERY), place * headDim, one.extents(1));
      HostTensor key = keys(operands.get(Attention.KEY), place);
      HostTensor value = keys(operands.get(Attention.VALUE), place);
      String wrong =
          Samples.difference(
              Samples.stretch(result, place * headDim, one.extents(1)),
              one.reference(Arrays.asList(query, key, value)));
      if (wrong != null) {
        return "query %d: %s".formatted(place, wrong);
      }
    }
    return null;
  }

  private long[] extents(long tokens) {
    return new long[] {1, 1, tokens, headDim};
  }

  /** What the query at {@code place}, counted in vectors of a head, sees of keys or values. */
  private HostTensor keys(HostTensor tensor, long place) {
    if (isRagged()) {
      int[] starts = starts();
      long token = place / heads;
      int sequence = 0;
      while (starts[sequence + 1] <= token) {
        sequence++;
      }
      long column = place % heads * headDim;
      long[] rows = LongStream.range(starts[sequence], starts[sequence + 1]).toArray();
      long[] columns = LongStream.range(column, column + headDim).toArray();
      return Samples.part(tensor, rows, columns).reshape(extents(rows.length));
    }
    long head = place / length;
    long seen =
        switch (mask) {
          case CAUSAL -> place % length + 1;
          case PADDED -> lengths()[(int) (head / heads)];
          default -> length;
        };
    return Samples.stretch(tensor, head * length * headDim, extents(seen));
  }
}
