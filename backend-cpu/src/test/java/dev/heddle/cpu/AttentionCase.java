package dev.heddle.cpu;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** One attention with random operands, for the oracle and for {@link AttentionTask}. */
final class AttentionCase {
  final Attention op;
  final int headDim;
  final int valueDim;
  final HostTensor[] inputs = new HostTensor[9];

  /** Of each sequence. */
  private int[] queries;

  private int[] keys;

  private AttentionCase(Attention op, int headDim, int valueDim) {
    this.op = op;
    this.headDim = headDim;
    this.valueDim = valueDim;
  }

  static Attention op(
      int heads, int kvHeads, Layout layout, Causal causal, int window, double softCap, Map map) {
    return new Attention(heads, kvHeads, layout, 0.125, causal, window, softCap, map);
  }

  static AttentionCase dense(
      Attention op, int headDim, int valueDim, int batch, int queries, int keys) {
    AttentionCase made = new AttentionCase(op, headDim, valueDim);
    made.queries = new int[batch];
    made.keys = new int[batch];
    Arrays.fill(made.queries, queries);
    Arrays.fill(made.keys, keys);
    made.inputs[Attention.QUERY] = made.operand(1, op.heads(), batch, queries, headDim);
    made.inputs[Attention.KEY] = made.operand(2, op.kvHeads(), batch, keys, headDim);
    made.inputs[Attention.VALUE] = made.operand(3, op.kvHeads(), batch, keys, valueDim);
    return made;
  }

  static AttentionCase ragged(Attention op, int headDim, int valueDim, int[] queries, int[] keys) {
    AttentionCase made = new AttentionCase(op, headDim, valueDim);
    made.queries = queries;
    made.keys = keys;
    int tokens = Arrays.stream(queries).sum();
    int keyTokens = Arrays.stream(keys).sum();
    made.inputs[Attention.QUERY] = made.operand(1, op.heads(), 1, tokens, headDim);
    made.inputs[Attention.KEY] = made.operand(2, op.kvHeads(), 1, keyTokens, headDim);
    made.inputs[Attention.VALUE] = made.operand(3, op.kvHeads(), 1, keyTokens, valueDim);
    int[] starts = starts(queries);
    made.inputs[Attention.CU_SEQ_LENS] = HostTensor.of(starts, starts.length);
    if (queries != keys) {
      int[] keyStarts = starts(keys);
      made.inputs[Attention.CU_SEQ_LENS_KEY] = HostTensor.of(keyStarts, keyStarts.length);
    }
    return made;
  }

  private static int[] starts(int[] lengths) {
    int[] starts = new int[lengths.length + 1];
    for (int i = 0; i < lengths.length; i++) {
      starts[i + 1] = starts[i] + lengths[i];
    }
    return starts;
  }

  private HostTensor operand(long seed, int heads, int batch, int length, int dim) {
    float[] values = Native.random(seed, batch * heads * length * dim);
    return switch (op.layout()) {
      case RAGGED -> HostTensor.of(values, length, (long) heads * dim);
      case TOKENS -> HostTensor.of(values, batch, length, (long) heads * dim);
      case HEADS -> HostTensor.of(values, batch, heads, length, dim);
    };
  }

  /** Numbers around 0, a fifth of them -infinity. */
  AttentionCase floatMask(long... shape) {
    int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    float[] values = Native.random(4, count);
    for (int i = 0; i < count; i++) {
      values[i] = i * 7 % 5 == 2 ? Float.NEGATIVE_INFINITY : values[i];
    }
    inputs[Attention.MASK] = HostTensor.of(values, shape);
    return this;
  }

  AttentionCase logicalMask(long... shape) {
    int count = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    Random random = new Random(5);
    boolean[] values = new boolean[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(3) > 0;
    }
    inputs[Attention.MASK] = HostTensor.of(values, shape);
    return this;
  }

  AttentionCase keyLengths(long... lengths) {
    inputs[Attention.KEY_LENGTHS] = HostTensor.of(lengths, lengths.length);
    return this;
  }

  AttentionCase keyLengths(int... lengths) {
    inputs[Attention.KEY_LENGTHS] = HostTensor.of(lengths, lengths.length);
    return this;
  }

  AttentionCase alibi() {
    float[] slopes = new float[op.heads()];
    for (int head = 0; head < slopes.length; head++) {
      slopes[head] = (head % 2 == 0 ? 0.06f : -0.02f) / (head + 1);
    }
    inputs[Attention.ALIBI] = HostTensor.of(slopes, op.heads());
    return this;
  }

  AttentionCase relative(int reach) {
    int columns = 2 * reach + 1;
    float[] values = Native.random(7, op.heads() * columns);
    inputs[Attention.RELATIVE] = HostTensor.of(values, op.heads(), columns);
    return this;
  }

  private int longestKeys() {
    return Arrays.stream(keys).max().orElse(0);
  }

  /** Y, and the map if there is one, of the reference interpreter. */
  List<HostTensor> expected() {
    java.util.Map<String, Long> symbols =
        op.layout() == Layout.RAGGED && op.map() != Map.NONE
            ? java.util.Map.of(Attention.MAX_KEYS, longestKeys() + 3L)
            : java.util.Map.of();
    return Oracle.run(op, op.map() == Map.NONE ? 1 : 2, symbols, inputs);
  }

  /** Y and the map of the kernels, run piece by piece in some order. */
  List<float[]> actual() {
    try (Native memory = new Native();
        NativePool pool = new NativePool(0)) {
      long tokens = Arrays.stream(queries).asLongStream().sum();
      long y = memory.floats((int) tokens * op.heads() * valueDim);
      long width = longestKeys() + (op.layout() == Layout.RAGGED ? 3 : 0);
      int mapCount = op.map() == Map.NONE ? 0 : (int) (tokens * op.heads() * width);
      long map = memory.floats(mapCount);
      AttentionTask task = task(memory, y, map, width);
      int pieces = task.pieces(2);
      Scratch scratch = new Scratch(pool);
      for (int piece = pieces - 1; piece >= 0; piece--) {
        task.run(piece, scratch);
      }
      scratch.release();
      float[] result = Native.read(y, (int) tokens * op.heads() * valueDim);
      return op.map() == Map.NONE ? List.of(result) : List.of(result, Native.read(map, mapCount));
    }
  }

  /** The task on operands in {@code memory}. */
  AttentionTask task(Native memory, long y, long map, long width) {
    AttentionTask task = new AttentionTask(op).heads(headDim, valueDim);
    int length = queries.length == 0 ? 0 : queries[0];
    int keyLength = keys.length == 0 ? 0 : keys[0];
    if (op.layout() == Layout.RAGGED) {
      long starts = memory.ofInts(starts(queries));
      task.ragged(queries.length, starts, queries == keys ? starts : memory.ofInts(starts(keys)));
      length = Arrays.stream(queries).sum();
      keyLength = Arrays.stream(keys).sum();
      task.map(map, 0, length * width * 4, width * 4, width);
    } else {
      task.dense(queries.length, length, keyLength);
      task.map(map, op.heads() * length * width * 4, length * width * 4, width * 4, width);
    }
    int q = op.heads();
    int kv = op.kvHeads();
    place(task::query, floats(memory, Attention.QUERY), q, length, headDim);
    place(task::key, floats(memory, Attention.KEY), kv, keyLength, headDim);
    place(task::value, floats(memory, Attention.VALUE), kv, keyLength, valueDim);
    place(task::y, y, q, length, valueDim);
    placeOptional(task, memory);
    return task;
  }

  private interface Place {
    void at(long address, long sequenceStride, long headStride, long rowStride);
  }

  private void place(Place place, long address, int heads, int length, int dim) {
    long vector = 4L * dim;
    switch (op.layout()) {
      case RAGGED -> place.at(address, 0, vector, vector * heads);
      case TOKENS -> place.at(address, vector * heads * length, vector, vector * heads);
      case HEADS -> place.at(address, vector * heads * length, vector * length, vector);
    }
  }

  private long floats(Native memory, int position) {
    return memory.of(inputs[position].toFloats());
  }

  private void placeOptional(AttentionTask task, Native memory) {
    HostTensor mask = inputs[Attention.MASK];
    if (mask != null) {
      boolean logical = mask.dtype() == DType.BOOL;
      long[] strides = new long[4];
      long stride = logical ? 1 : 4;
      for (int axis = 3, own = mask.shape().rank() - 1; own >= 0; axis--, own--) {
        strides[axis] = mask.shape().dim(own) == 1 ? 0 : stride;
        stride *= mask.shape().dim(own);
      }
      long at = logical ? bytes(memory, mask) : floats(memory, Attention.MASK);
      task.mask(at, logical, strides[0], strides[1], strides[2], strides[3]);
    }
    HostTensor lengths = inputs[Attention.KEY_LENGTHS];
    if (lengths != null) {
      boolean wide = lengths.dtype() == DType.I64;
      long[] values = lengths.toLongs();
      long at = memory.floats(2 * values.length + 1);
      at += at % 8;
      for (int i = 0; i < values.length; i++) {
        if (wide) {
          Memory.putLong(at + 8L * i, values[i]);
        } else {
          Memory.putInt(at + 4L * i, (int) values[i]);
        }
      }
      task.keyLengths(at, wide);
    }
    if (inputs[Attention.ALIBI] != null) {
      task.alibi(floats(memory, Attention.ALIBI));
    }
    if (inputs[Attention.RELATIVE] != null) {
      int reach = (int) inputs[Attention.RELATIVE].shape().dim(1) / 2;
      task.relative(floats(memory, Attention.RELATIVE), reach);
    }
  }

  private static long bytes(Native memory, HostTensor mask) {
    long[] values = mask.toLongs();
    long at = memory.floats((values.length + 3) / 4);
    for (int i = 0; i < values.length; i++) {
      Memory.putByte(at + i, (byte) values[i]);
    }
    return at;
  }
}
