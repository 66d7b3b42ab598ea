package dev.heddle.reference;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.List;

/** {@link Attention}, a query at a time. */
final class ReferenceAttention {
  private final Call call;
  private final Attention op;
  private final Operand query;
  private final Operand key;
  private final Operand value;
  private final Operand y;
  private final double[] mask;
  private final long[] maskStrides;
  private final long[] keyLengths;
  private final double[] slopes;
  private final double[] relative;
  private final HostTensor map;
  private final ReferencePages pages;

  private ReferenceAttention(Call call, Attention op) {
    this.call = call;
    this.op = op;
    boolean ragged = op.layout() == Layout.RAGGED;
    int[] starts =
        ragged
            ? CuSeqLens.of(call, Attention.CU_SEQ_LENS, call.shape(Attention.QUERY).dim(0))
            : null;
    this.keyLengths =
        call.has(Attention.KEY_LENGTHS) ? call.in(Attention.KEY_LENGTHS).toLongs() : null;
    this.pages = call.has(Attention.PAGES) ? ReferencePages.of(call, starts.length - 1) : null;
    int[] keyStarts =
        pages != null
            ? pages.starts()
            : call.has(Attention.CU_SEQ_LENS_KEY)
                ? CuSeqLens.of(call, Attention.CU_SEQ_LENS_KEY, call.shape(Attention.KEY).dim(0))
                : starts;
    if (ragged
        && pages == null
        && (keyStarts.length != starts.length || last(keyStarts) != keyTokens())) {
      throw call.wrong(
          "%d sequences of queries, %d of keys, %d tokens of keys"
              .formatted(starts.length - 1, keyStarts.length - 1, keyTokens()));
    }
    this.query = operand(Attention.QUERY, op.heads(), starts);
    this.key = keys(Attention.KEY, keyStarts);
    this.value = keys(Attention.VALUE, keyStarts);
    HostTensor result = call.result(Attention.Y);
    this.y = Operand.of(op.layout(), result, op.heads(), starts, result.toDoubles());
    this.mask = call.doubles(Attention.MASK);
    this.maskStrides = mask == null ? null : maskStrides(call.shape(Attention.MASK));
    this.slopes = call.doubles(Attention.ALIBI);
    this.relative = call.doubles(Attention.RELATIVE);
    this.map = call.wants(Attention.MAP) ? call.result(Attention.MAP) : null;
    if (keyLengths != null && keyLengths.length != query.sequences()) {
      throw call.wrong(
          "%d key lengths for %d sequences".formatted(keyLengths.length, query.sequences()));
    }
  }

  private static int last(int[] starts) {
    return starts[starts.length - 1];
  }

  private long keyTokens() {
    return call.shape(Attention.KEY).dim(0);
  }

  private Operand operand(int position, int heads, int[] starts) {
    return Operand.of(op.layout(), call.in(position), heads, starts, call.doubles(position));
  }

  /** Keys or values, those in pages as if they lay one sequence after another. */
  private Operand keys(int position, int[] starts) {
    if (pages == null) {
      return operand(position, op.kvHeads(), starts);
    }
    HostTensor rows = pages.gather(call.in(position));
    return Operand.of(op.layout(), rows, op.kvHeads(), starts, rows.toDoubles());
  }

  static List<HostTensor> run(Call call, Attention op) {
    return new ReferenceAttention(call, op).run();
  }

  private List<HostTensor> run() {
    for (int sequence = 0; sequence < query.sequences(); sequence++) {
      for (int head = 0; head < op.heads(); head++) {
        for (int row = 0; row < query.rows(sequence); row++) {
          attend(sequence, head, row);
        }
      }
    }
    HostTensor result = call.result(Attention.Y, y.values);
    return map == null ? List.of(result) : List.of(result, map);
  }

  private void attend(int sequence, int head, int row) {
    int keys = key.rows(sequence);
    int kvHead = head / (op.heads() / op.kvHeads());
    double[] scores = new double[keys];
    boolean[] hidden = new boolean[keys];
    for (int j = 0; j < keys; j++) {
      scores[j] = op.scale() * dot(sequence, head, kvHead, row, j);
    }
    store(Map.SCORES, sequence, head, row, scores);
    for (int j = 0; op.softCap() != 0 && j < keys; j++) {
      scores[j] = op.softCap() * Math.tanh(scores[j] / op.softCap());
    }
    store(Map.CAPPED, sequence, head, row, scores);
    int position = row + (op.causal() == Causal.BOTTOM_RIGHT ? keys - query.rows(sequence) : 0);
    for (int j = 0; j < keys; j++) {
      scores[j] += bias(head, j - position);
      if (mask != null) {
        double added = mask[maskIndex(sequence, head, row, j)];
        boolean logical = call.in(Attention.MASK).dtype() == DType.BOOL;
        hidden[j] = logical && added == 0;
        scores[j] += logical ? 0 : added;
      }
      hidden[j] |= op.causal() != Causal.NONE && j > position;
      hidden[j] |= op.window() > 0 && Math.abs(j - position) >= op.window();
      hidden[j] |= keyLengths != null && j >= keyLengths[sequence];
      if (pages != null && !hidden[j]) {
        pages.require(sequence, j);
      }
    }
    hide(scores, hidden);
    store(Map.MASKED, sequence, head, row, scores);
    ReferenceSoftmax.apply(scores, 0, keys, 1, false);
    store(Map.WEIGHTS, sequence, head, row, scores);
    int to = y.at(sequence, head, row);
    for (int j = 0; j < keys; j++) {
      int from = value.at(sequence, kvHead, j);
      for (int d = 0; !hidden[j] && d < value.headDim; d++) {
        y.values[to + d] += scores[j] * value.values[from + d];
      }
    }
  }

  private double dot(int sequence, int head, int kvHead, int row, int column) {
    int q = query.at(sequence, head, row);
    int k = key.at(sequence, kvHead, column);
    double sum = 0;
    for (int d = 0; d < query.headDim; d++) {
      sum += query.values[q + d] * key.values[k + d];
    }
    return sum;
  }

  private double bias(int head, int distance) {
    double bias = slopes == null ? 0 : slopes[head] * distance;
    if (relative != null) {
      int columns = relative.length / op.heads();
      int reach = columns / 2;
      bias += relative[head * columns + Math.clamp(distance, -reach, reach) + reach];
    }
    return bias;
  }

  private static void hide(double[] scores, boolean[] hidden) {
    for (int j = 0; j < scores.length; j++) {
      scores[j] = hidden[j] ? Double.NEGATIVE_INFINITY : scores[j];
    }
  }

  private long[] maskStrides(Shape shape) {
    long[] scores = {
      query.sequences(), op.heads(), query.longest(), key.longest(),
    };
    return Elementwise.strides(shape, Shape.of(scores));
  }

  private int maskIndex(int sequence, int head, int row, int column) {
    return (int)
        (sequence * maskStrides[0]
            + head * maskStrides[1]
            + row * maskStrides[2]
            + column * maskStrides[3]);
  }

  private void store(Map kind, int sequence, int head, int row, double[] scores) {
    if (map == null || op.map() != kind) {
      return;
    }
    long width = map.shape().dim(-1);
    if (scores.length > width) {
      throw call.wrong(
          "sequence %d has %d keys, but %s is %d; bind it to the longest sequence's keys or more"
              .formatted(sequence, scores.length, Attention.MAX_KEYS, width));
    }
    long line =
        op.layout() == Layout.RAGGED
            ? head * map.shape().dim(1) + query.starts[sequence] + row
            : ((long) sequence * op.heads() + head) * map.shape().dim(2) + row;
    for (int j = 0; j < scores.length; j++) {
      map.setDouble(line * width + j, scores[j]);
    }
  }

  /** A tensor of heads in any layout: {@link #at} finds the vector of one head and row. */
  private record Operand(
      Layout layout,
      int heads,
      int headDim,
      int[] starts,
      int sequences,
      int length,
      double[] values) {

    static Operand of(Layout layout, HostTensor tensor, int heads, int[] starts, double[] values) {
      Shape shape = tensor.shape();
      int last = Math.toIntExact(shape.dim(-1));
      return switch (layout) {
        case RAGGED -> {
          int longest = 0;
          for (int i = 1; i < starts.length; i++) {
            longest = Math.max(longest, starts[i] - starts[i - 1]);
          }
          yield new Operand(
              layout, heads, last / heads, starts, starts.length - 1, longest, values);
        }
        case TOKENS ->
            new Operand(
                layout, heads, last / heads, null, (int) shape.dim(0), (int) shape.dim(1), values);
        case HEADS ->
            new Operand(layout, heads, last, null, (int) shape.dim(0), (int) shape.dim(2), values);
      };
    }

    int longest() {
      return length;
    }

    int rows(int sequence) {
      return starts == null ? length : starts[sequence + 1] - starts[sequence];
    }

    int at(int sequence, int head, int row) {
      return headDim
          * switch (layout) {
            case RAGGED -> (starts[sequence] + row) * heads + head;
            case TOKENS -> (sequence * length + row) * heads + head;
            case HEADS -> (sequence * heads + head) * length + row;
          };
    }
  }
}
