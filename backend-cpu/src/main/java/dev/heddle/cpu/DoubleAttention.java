package dev.heddle.cpu;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Map;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link Attention} of any float type in float64, rounded once, a row of scores at a time. */
final class DoubleAttention implements Step, WorkerPool.Task {
  /** Query rows that a thread takes at a time, of one head. */
  private static final long ROWS = 8;

  private final Site site;
  private final Attention op;
  private final AttentionExtents extents;

  DoubleAttention(Site site, Attention op) {
    this.site = site;
    this.op = op;
    this.extents = new AttentionExtents(site, op);
  }

  @Override
  public long bind() {
    extents.bind();
    return 0;
  }

  @Override
  public void run() {
    extents.checkData();
    long blocks = Math.ceilDiv(extents.rows(), ROWS);
    site.workers().run(this, Math.toIntExact(blocks * op.heads()));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long head = piece % op.heads();
    long first = piece / op.heads() * ROWS;
    long end = Math.min(extents.rows(), first + ROWS);
    for (long row = first; row < end; row++) {
      long sequence = extents.sequenceOf(row);
      long keys = extents.keys(sequence);
      long memory = scratch.address((keys + extents.valueDim()) * Double.BYTES);
      row(sequence, head, row - extents.firstRow(sequence), keys, memory);
    }
  }

  private void row(long sequence, long head, long row, long keys, long scores) {
    score(sequence, head, row, keys, scores);
    store(Map.SCORES, sequence, head, row, keys, scores);
    if (op.softCap() != 0) {
      for (long j = 0; j < keys; j++) {
        double capped = Math.tanh(Memory.getDouble(scores + 8 * j) / op.softCap());
        Memory.putDouble(scores + 8 * j, op.softCap() * capped);
      }
    }
    store(Map.CAPPED, sequence, head, row, keys, scores);
    mask(sequence, head, row, keys, scores);
    store(Map.MASKED, sequence, head, row, keys, scores);
    softmax(keys, scores);
    store(Map.WEIGHTS, sequence, head, row, keys, scores);
    combine(sequence, head, row, scores, keys, scores + keys * Double.BYTES);
  }

  private long kvHead(long head) {
    return head / (op.heads() / op.kvHeads());
  }

  private void score(long sequence, long head, long row, long keys, long scores) {
    DType dtype = site.in(Attention.QUERY).dtype();
    DType keyType = site.in(Attention.KEY).dtype();
    int bytes = dtype.bytes();
    long q = extents.query(sequence, head, row);
    for (long j = 0; j < keys; j++) {
      long k = extents.key(sequence, kvHead(head), j);
      double sum = 0;
      for (long d = 0; d < extents.headDim() && k != 0; d++) {
        double element = Scalars.getDouble(keyType, k, d);
        sum += Scalars.getDouble(dtype, q + d * bytes) * element;
      }
      Memory.putDouble(scores + 8 * j, op.scale() * sum);
    }
  }

  /** Adds biases and masks, and hides keys. */
  private void mask(long sequence, long head, long row, long keys, long scores) {
    Operand mask = site.in(Attention.MASK);
    long maskRow = mask == null ? 0 : extents.mask(sequence, head, row);
    long position = extents.position(sequence, row);
    long firstKey = extents.firstKey(sequence, row);
    long endKey = extents.endKey(sequence, row);
    for (long j = 0; j < keys; j++) {
      double score = Memory.getDouble(scores + 8 * j) + bias(head, j - position);
      boolean hidden = j < firstKey || j >= endKey;
      if (mask != null) {
        double given = Scalars.getDouble(mask.dtype(), maskRow + j * extents.maskStride(3));
        boolean logical = mask.dtype() == DType.BOOL;
        hidden |= logical && given == 0;
        score += logical ? 0 : given;
      }
      Memory.putDouble(scores + 8 * j, hidden ? Double.NEGATIVE_INFINITY : score);
    }
  }

  private double bias(long head, long distance) {
    Operand slopes = site.in(Attention.ALIBI);
    Operand relative = site.in(Attention.RELATIVE);
    double bias = 0;
    if (slopes != null) {
      bias += distance * element(slopes, head);
    }
    if (relative != null) {
      long columns = relative.dim(1);
      long reach = columns / 2;
      bias += element(relative, head * columns + Math.clamp(distance, -reach, reach) + reach);
    }
    return bias;
  }

  private static double element(Operand operand, long index) {
    DType dtype = operand.dtype();
    return Scalars.getDouble(dtype, operand.address() + index * dtype.bytes());
  }

  private static void softmax(long keys, long scores) {
    double max = Double.NEGATIVE_INFINITY;
    for (long j = 0; j < keys; j++) {
      max = Math.max(max, Memory.getDouble(scores + 8 * j));
    }
    boolean empty = max == Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (long j = 0; j < keys; j++) {
      double weight = empty ? 0 : Math.exp(Memory.getDouble(scores + 8 * j) - max);
      Memory.putDouble(scores + 8 * j, weight);
      sum += weight;
    }
    for (long j = 0; j < keys && !empty; j++) {
      Memory.putDouble(scores + 8 * j, Memory.getDouble(scores + 8 * j) / sum);
    }
  }

  private void combine(long sequence, long head, long row, long weights, long keys, long sums) {
    DType dtype = site.in(Attention.VALUE).dtype();
    Memory.zero(sums, extents.valueDim() * Double.BYTES);
    for (long j = 0; j < keys; j++) {
      double weight = Memory.getDouble(weights + 8 * j);
      long v = extents.value(sequence, kvHead(head), j);
      // A weight of 0 takes nothing, not even an infinity.
      for (long d = 0; d < extents.valueDim() && weight != 0; d++) {
        double product = weight * Scalars.getDouble(dtype, v, d);
        Memory.putDouble(sums + 8 * d, Memory.getDouble(sums + 8 * d) + product);
      }
    }
    long y = extents.y(sequence, head, row);
    DType outType = site.out(Attention.Y).dtype();
    for (long d = 0; d < extents.valueDim(); d++) {
      Scalars.putDouble(outType, y + d * outType.bytes(), Memory.getDouble(sums + 8 * d));
    }
  }

  private void store(Map kind, long sequence, long head, long row, long keys, long scores) {
    Operand map = site.out(Attention.MAP);
    if (map == null || op.map() != kind) {
      return;
    }
    DType dtype = map.dtype();
    long to = extents.map(sequence, head, row);
    for (long j = 0; j < map.dim(-1); j++) {
      double value = j < keys ? Memory.getDouble(scores + 8 * j) : 0;
      Scalars.putDouble(dtype, to + j * dtype.bytes(), value);
    }
  }
}
