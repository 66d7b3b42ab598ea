package dev.heddle.cpu;

import static dev.heddle.cpu.AttentionTask.BLOCK;
import static dev.heddle.cpu.AttentionTask.TILE;
import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.putFloat;
import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.all;
import static dev.heddle.cpu.Vectors.greater;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;
import static dev.heddle.cpu.Vectors.zero;
import static jdk.incubator.vector.VectorOperators.EQ;

import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Map;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The steps of an {@link AttentionTask} on a tile of queries and a block of keys, in their order.
 * What they hold lies in scratch memory, at fixed places from its address on.
 *
 * <p>Each is an object for the reason that {@link Vectors} gives, and does its work either by
 * vectors or element by element. One that an attention does not need returns at once.
 */
final class AttentionStages {
  private static final float HIDDEN = Float.NEGATIVE_INFINITY;

  // Of each query: the greatest score so far, the sum of weights, what to subtract from scores, and
  // the factor of what was summed before the block, or at the end of all.
  private static final long MAX_AT = 0;
  private static final long SUM_AT = 4L * TILE;
  private static final long SHIFT_AT = 8L * TILE;
  private static final long FACTOR_AT = 12L * TILE;

  /** Whether a block was added to the tile's sums: 1 or 0. */
  private static final long BEGUN_AT = 16L * TILE;

  /** The block's scores, then weights: {@code [keys, width]}. */
  private static final long SCORES_AT = BEGUN_AT + NativePool.ALIGNMENT;

  /** A mask, or a table of biases: as large, and a row more. */
  private static final long MASK_AT = SCORES_AT + 4L * TILE * BLOCK;

  /** The queries, scaled and transposed: {@code [headDim, width]}. */
  private static final long QUERIES_AT = MASK_AT + 4L * TILE * (BLOCK + 1);

  /**
   * One step.
   *
   * @see AttentionTask
   */
  private interface Stage {
    /**
     * Does it for queries {@code [row, row + count)} of the head and keys {@code [j, j + n)} of the
     * sequence.
     *
     * @param memory address of {@link #scratchBytes()} bytes
     */
    void run(int sequence, int head, int row, int count, int j, int n, long memory);
  }

  private final AttentionTask task;
  private final Stage[] begin = {this::pack, this::scale};

  /** A map shows the scores after the second of these, the third, or all. */
  private final Stage[] scores = {
    this::gather,
    this::score,
    new Cap(),
    this::addAlibi,
    this::tabulateRelative,
    this::addRelative,
    this::copyMask,
    this::addMask,
    this::hide
  };

  private final Stage[] weights = {
    new Raise(), new Exponentiate(), this::weigh, this::weighAgain, this::merge
  };
  private final Stage[] end = {this::finish};
  private final Stage[] mapScores;
  private final Stage[] mapEnd;

  AttentionStages(AttentionTask task) {
    this.task = task;
    int shown =
        switch (task.op().map()) {
          case NONE -> 0;
          case SCORES -> 2;
          case CAPPED -> 3;
          case MASKED, WEIGHTS -> scores.length;
        };
    this.mapScores = Arrays.copyOf(scores, shown);
    this.mapEnd =
        shown == scores.length
            ? new Stage[] {this::hideBehindLength, new Normalise(), this::writeMap}
            : new Stage[] {this::writeMap};
  }

  long scratchBytes() {
    return task.gathers() ? valuesAt() + 4L * BLOCK * task.valueDim() : keysAt();
  }

  /** The block's keys, {@code [keys, headDim]}, where they are brought together. */
  private long keysAt() {
    return blockSumsAt() + 4L * TILE * paddedValueDim();
  }

  /** The block's values, {@code [keys, valueDim]}. */
  private long valuesAt() {
    return keysAt() + 4L * BLOCK * task.headDim();
  }

  private int paddedValueDim() {
    return AttentionKernels.padded(task.valueDim());
  }

  /** Weighted values of all blocks so far: {@code [count, paddedValueDim]}. */
  private long sumsAt() {
    return QUERIES_AT + 4L * TILE * task.headDim();
  }

  /** The same of the current block, unless it is the first. */
  private long blockSumsAt() {
    return sumsAt() + 4L * TILE * paddedValueDim();
  }

  /** Where the current block's weighted values go. */
  private long blockSums(long memory) {
    return memory + (Memory.getInt(memory + BEGUN_AT) == 0 ? sumsAt() : blockSumsAt());
  }

  /** Begins a tile. */
  void begin(int sequence, int head, int row, int count, long memory) {
    run(begin, sequence, head, row, count, 0, 0, memory);
  }

  /** Adds a block of keys to the tile's sums. */
  void block(int sequence, int head, int row, int count, int j, int n, long memory) {
    run(scores, sequence, head, row, count, j, n, memory);
    run(weights, sequence, head, row, count, j, n, memory);
  }

  /** Writes the tile's results. */
  void end(int sequence, int head, int row, int count, long memory) {
    run(end, sequence, head, row, count, 0, 0, memory);
  }

  /** Writes a block of the map, after {@link #end}; a second look at all keys. */
  void map(int sequence, int head, int row, int count, int j, int n, long memory) {
    run(mapScores, sequence, head, row, count, j, n, memory);
    run(mapEnd, sequence, head, row, count, j, n, memory);
  }

  /** The one place that stages are called from. */
  private static void run(
      Stage[] stages, int sequence, int head, int row, int count, int j, int n, long memory) {
    for (Stage stage : stages) {
      stage.run(sequence, head, row, count, j, n, memory);
    }
  }

  /** Queries that lie side by side: one vector's, or two vectors'. */
  private static int width(int count) {
    return count > LANES ? TILE : LANES;
  }

  private void pack(int sequence, int head, int row, int count, int j, int n, long memory) {
    int width = width(count);
    AttentionKernels.transpose(
        task.query(sequence, head, row),
        task.queryStride(sequence),
        count,
        task.headDim(),
        memory + QUERIES_AT,
        width);
    for (int lane = 0; lane < width; lane++) {
      putFloat(memory + MAX_AT + 4L * lane, HIDDEN);
      putFloat(memory + SUM_AT + 4L * lane, 0);
      putFloat(memory + SHIFT_AT + 4L * lane, 0);
    }
    Memory.putInt(memory + BEGUN_AT, 0);
  }

  private void scale(int sequence, int head, int row, int count, int j, int n, long memory) {
    float factor = (float) task.op().scale();
    AttentionKernels.scale(memory + QUERIES_AT, task.headDim() * width(count), factor);
  }

  private void gather(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (!task.gathers()) {
      return;
    }
    int kvHead = task.kvHead(head);
    KeyPages pages = task.pages();
    long keys = memory + keysAt();
    long values = memory + valuesAt();
    for (int i = 0; i < n; i++) {
      long at = pages.row(sequence, j + i);
      pages.read(at, task.cacheKey(kvHead, at), task.headDim(), keys);
      pages.read(at, task.cacheValue(kvHead, at), task.valueDim(), values);
      keys += 4L * task.headDim();
      values += 4L * task.valueDim();
    }
  }

  private long key(int sequence, int head, int j, long memory) {
    return task.gathers() ? memory + keysAt() : task.key(sequence, task.kvHead(head), j);
  }

  private long keyStride() {
    return task.gathers() ? 4L * task.headDim() : task.keyStride();
  }

  private long value(int sequence, int head, int j, long memory) {
    return task.gathers() ? memory + valuesAt() : task.value(sequence, task.kvHead(head), j);
  }

  private long valueStride() {
    return task.gathers() ? 4L * task.valueDim() : task.valueStride();
  }

  private void score(int sequence, int head, int row, int count, int j, int n, long memory) {
    AttentionKernels.scores(
        key(sequence, head, j, memory),
        keyStride(),
        n,
        task.headDim(),
        memory + QUERIES_AT,
        width(count),
        memory + SCORES_AT);
  }

  private void addAlibi(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (task.alibi(0) == 0) {
      return;
    }
    int width = width(count);
    float slope = getFloat(task.alibi(head));
    int distance = j - task.position(sequence, row);
    for (int lane = 0; lane < width; lane += LANES) {
      long s = memory + SCORES_AT + 4L * lane;
      AttentionKernels.addAlibi(s, width, n, slope, distance - lane);
    }
  }

  /** Element i is the bias of the distance from the last query to the last key, less i. */
  private void tabulateRelative(
      int sequence, int head, int row, int count, int j, int n, long memory) {
    if (task.relative(0) == 0) {
      return;
    }
    long table = memory + MASK_AT;
    long from = task.relative(head);
    long distance = (long) j - task.position(sequence, row) + n - 1;
    for (int i = 0; i < n - 1 + width(count); i++) {
      int clamped = Math.clamp(distance - i, -task.reach(), task.reach());
      putFloat(table + 4L * i, getFloat(from + 4L * clamped));
    }
  }

  private void addRelative(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (task.relative(0) == 0) {
      return;
    }
    int width = width(count);
    for (long at = memory; at < memory + 4L * width; at += BYTES) {
      AttentionKernels.addRelative(at + SCORES_AT, width, n, at + MASK_AT);
    }
  }

  /** A number for each key if all queries have the same mask, else as the scores lie. */
  private void copyMask(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (!task.hasMask()) {
      return;
    }
    int width = task.maskIsCommon() ? 1 : width(count);
    if (task.maskIsMatrix()) {
      long from = task.maskAddress(sequence, head, row, j);
      AttentionKernels.transpose(from, task.maskStride(), count, n, memory + MASK_AT, width);
      return;
    }
    for (int lane = 0; lane < width; lane++) {
      for (int i = 0; i < n; i++) {
        float added = lane < count ? task.mask(sequence, head, row + lane, j + i) : 0;
        putFloat(memory + MASK_AT + 4L * (i * width + lane), added);
      }
    }
  }

  private void addMask(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (!task.hasMask()) {
      return;
    }
    int width = width(count);
    for (long at = memory; at < memory + 4L * width; at += BYTES) {
      if (task.maskIsCommon()) {
        AttentionKernels.addCommonMask(at + SCORES_AT, width, n, memory + MASK_AT);
      } else {
        AttentionKernels.addMask(at + SCORES_AT, width, n, at + MASK_AT);
      }
    }
  }

  private void hide(int sequence, int head, int row, int count, int j, int n, long memory) {
    int position = task.position(sequence, row);
    if (!hidesByOrder(sequence, position, count, j, n)) {
      return;
    }
    int width = width(count);
    long distance = (long) j - position;
    int window = task.op().window();
    // Key j + i is seen from the lanes [low + i, high + i].
    float low = task.op().causal() != Causal.NONE ? distance : HIDDEN;
    float high = Float.POSITIVE_INFINITY;
    if (window > 0) {
      low = Math.max(low, (float) (distance - window + 1));
      high = (float) (distance + window - 1);
    }
    for (int lane = 0; lane < width; lane += LANES) {
      long s = memory + SCORES_AT + 4L * lane;
      AttentionKernels.hide(s, width, n, low - lane, high - lane);
    }
  }

  private boolean hidesByOrder(int sequence, int position, int count, int j, int n) {
    if (task.joinsHeads(sequence)) {
      return false; // Such a tile is given what its queries see.
    }
    int lastKey = j + n - 1;
    boolean causal = task.op().causal() != Causal.NONE && lastKey > position;
    int window = task.op().window() > 0 ? task.op().window() : Integer.MAX_VALUE;
    boolean tooLate = (long) lastKey - position >= window;
    boolean tooEarly = (long) position + count - 1 - j >= window;
    return causal || tooLate || tooEarly;
  }

  private void weigh(int sequence, int head, int row, int count, int j, int n, long memory) {
    int width = width(count);
    long s = memory + SCORES_AT;
    long v = value(sequence, head, j, memory);
    long stride = valueStride();
    long out = blockSums(memory);
    AttentionKernels.weigh(s, width, n, count, v, stride, task.valueDim(), out);
  }

  /** Where hidden values may have been infinite or NaN: without them. */
  private void weighAgain(int sequence, int head, int row, int count, int j, int n, long memory) {
    boolean hides =
        task.hasMask() || hidesByOrder(sequence, task.position(sequence, row), count, j, n);
    long out = blockSums(memory);
    if (hides && AttentionKernels.hasNaN(out, count * paddedValueDim())) {
      AttentionKernels.weighVisible(
          memory + SCORES_AT,
          width(count),
          n,
          count,
          value(sequence, head, j, memory),
          valueStride(),
          task.valueDim(),
          out);
    }
  }

  private void merge(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (Memory.getInt(memory + BEGUN_AT) == 0) {
      Memory.putInt(memory + BEGUN_AT, 1);
      return;
    }
    AttentionKernels.merge(
        memory + sumsAt(), memory + blockSumsAt(), count, paddedValueDim(), memory + FACTOR_AT);
  }

  private void finish(int sequence, int head, int row, int count, int j, int n, long memory) {
    if (Memory.getInt(memory + BEGUN_AT) == 0) {
      Memory.zero(memory + sumsAt(), 4L * count * paddedValueDim());
    }
    for (long at = memory; at < memory + 4L * width(count); at += BYTES) {
      AttentionKernels.invert(at + SUM_AT, at + FACTOR_AT);
    }
    AttentionKernels.finish(
        memory + sumsAt(),
        count,
        task.valueDim(),
        memory + FACTOR_AT,
        task.y(sequence, head, row),
        task.yStride(sequence));
  }

  // The map only.

  private void hideBehindLength(
      int sequence, int head, int row, int count, int j, int n, long memory) {
    int shown = Math.clamp(task.shownKeys(sequence) - j, 0, n);
    for (int i = shown * width(count); i < n * width(count); i++) {
      putFloat(memory + SCORES_AT + 4L * i, HIDDEN);
    }
  }

  private void writeMap(int sequence, int head, int row, int count, int j, int n, long memory) {
    int width = width(count);
    for (int lane = 0; lane < count; lane++) {
      long from = memory + SCORES_AT + 4L * lane;
      long to = task.map(sequence, head, row + lane) + 4L * j;
      for (int i = 0; i < n; i++) {
        putFloat(to + 4L * i, getFloat(from + 4L * i * width));
      }
    }
  }

  // What calls functions of vectors: each in the object's own method.

  /** {@code s = softCap * tanh(s / softCap)}. */
  private final class Cap implements Stage {
    @Override
    public void run(int sequence, int head, int row, int count, int j, int n, long memory) {
      float softCap = (float) task.op().softCap();
      float factor = softCap == 0 ? 0 : 1 / softCap;
      long begin = memory + SCORES_AT;
      long end = softCap == 0 ? begin : begin + 4L * n * width(count);
      for (long s = begin; s < end; s += BYTES) {
        FloatVector x = load(s).mul(factor);
        FloatVector z = VectorMath.expOfNonPositive(VectorMath.minusTwice(x));
        store(s, VectorMath.tanh(x, z).mul(softCap));
      }
    }
  }

  /**
   * Raises the maxima to those of the block. What to subtract from scores is the maximum, or 0
   * while that is -infinity; the factor of what was summed so far exactly 1 where the maximum
   * stays.
   */
  private final class Raise implements Stage {
    @Override
    public void run(int sequence, int head, int row, int count, int j, int n, long memory) {
      int width = width(count);
      long step = 4L * width;
      for (long at = memory; at < memory + step; at += BYTES) {
        long s = at + SCORES_AT;
        FloatVector old = load(at + MAX_AT);
        FloatVector now = old;
        FloatVector b = all(HIDDEN);
        FloatVector c = all(HIDDEN);
        FloatVector d = all(HIDDEN);
        int i = 0;
        // Four chains, for a comparison and a choice take longer than a load.
        for (; i < n - 3; i += 4) {
          now = greater(now, load(s));
          b = greater(b, load(s + step));
          c = greater(c, load(s + 2 * step));
          d = greater(d, load(s + 3 * step));
          s += 4 * step;
        }
        for (; i < n; i++) {
          now = greater(now, load(s));
          s += step;
        }
        now = greater(greater(now, b), greater(c, d));
        store(at + MAX_AT, now);
        FloatVector safe = now.blend(0f, now.compare(EQ, HIDDEN));
        store(at + SHIFT_AT, safe);
        store(at + FACTOR_AT, VectorMath.expOfNonPositive(old.sub(safe)));
      }
    }
  }

  /** {@code s = e^(s - shift)}; {@code sum = sum * factor + sum over keys of s}. */
  private final class Exponentiate implements Stage {
    @Override
    public void run(int sequence, int head, int row, int count, int j, int n, long memory) {
      long step = 4L * width(count);
      for (long at = memory; at < memory + step; at += BYTES) {
        FloatVector shift = load(at + SHIFT_AT);
        FloatVector total = zero();
        long s = at + SCORES_AT;
        for (int i = 0; i < n; i++) {
          FloatVector e = VectorMath.expOfNonPositive(load(s).sub(shift));
          store(s, e);
          total = total.add(e);
          s += step;
        }
        store(at + SUM_AT, load(at + SUM_AT).fma(load(at + FACTOR_AT), total));
      }
    }
  }

  /** Scores to weights, with the final shifts and factors: {@code s = e^(s - shift) * factor}. */
  private final class Normalise implements Stage {
    @Override
    public void run(int sequence, int head, int row, int count, int j, int n, long memory) {
      long step = 4L * width(count);
      long end = task.op().map() == Map.WEIGHTS ? memory + step : memory;
      for (long at = memory; at < end; at += BYTES) {
        FloatVector shift = load(at + SHIFT_AT);
        FloatVector factor = load(at + FACTOR_AT);
        long s = at + SCORES_AT;
        for (int i = 0; i < n; i++) {
          store(s, VectorMath.expOfNonPositive(load(s).sub(shift)).mul(factor));
          s += step;
        }
      }
    }
  }
}
