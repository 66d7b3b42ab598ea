package dev.heddle.cpu;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.DType;
import java.util.Arrays;

/**
 * {@link Attention} in float32 with the Vector API, in pieces for a {@link WorkerPool}. An instance
 * is set up and run again and again, by one caller at a time, and allocates nothing once it has
 * seen its largest batch.
 *
 * <p>A tile of queries of one head runs over its keys in blocks of {@value #BLOCK} from key 0 on,
 * with a running maximum and sum (Milakov and Gimelshein, "Online normalizer calculation for
 * softmax", 2018; Dao et al., "FlashAttention", 2022): only a block of the scores is ever held.
 * Blocks that no query of the tile sees are left out. Of a sequence's next token the heads that
 * share keys are one tile: SmolLM2 (9 heads, 3 of keys) writes 1.14 times as fast behind 512
 * tokens.
 *
 * <p>A query's bits depend on its own operands only. Scores are chains over the head's elements,
 * sums chains over the keys of a block, blocks merged in order; where a hidden key takes part its
 * weight is exactly 0, and where a block changes no maximum the rest is multiplied by exactly 1. So
 * neither the tile, nor the batch, nor padding behind the last visible key changes a bit.
 *
 * <p>One core of a Zen 4 machine with a peak of 118 GFLOP/s reaches 0.71 of it for 512 tokens in 12
 * heads of 64, 0.61 for 128 tokens in heads of 32 and 0.55 for 32 such sequences, which its
 * second-level cache does not hold.
 *
 * <p>All strides are in bytes. The caller has proven that every operand lies in live memory, and
 * that starts of sequences do not fall.
 */
final class AttentionTask implements WorkerPool.Task {
  /** Keys whose scores are held at a time. */
  static final int BLOCK = 128;

  /** Queries of a tile: two vectors. */
  static final int TILE = 2 * Vectors.LANES;

  /** Fused multiply-adds of vectors that are worth a piece: 10 to 20 microseconds. */
  private static final long PIECE = 1 << 16;

  /** Most pieces for each thread; larger pieces find more of what they read in their cache. */
  private static final int PIECES_PER_THREAD = 32;

  /** Bytes that a piece's share of a sequence may have to be fetched at its begin. */
  private static final long FETCHED = 512 << 10;

  /** What a tile costs besides its keys, counted in keys. */
  private static final int TILE_OVERHEAD = 16;

  private final Attention op;
  private final AttentionStages stages;
  private final AttentionRows query = new AttentionRows();
  private final AttentionRows key = new AttentionRows();
  private final AttentionRows value = new AttentionRows();
  private final AttentionRows y = new AttentionRows();
  private final AttentionRows map = new AttentionRows();
  private KeyPages pages;
  private int headDim;
  private int valueDim;
  private int sequences;
  private int queries;
  private int keys;
  private long starts;
  private long keyStarts;
  private long keyLengths;
  private boolean wideKeyLengths;
  private long mask;
  private boolean logicalMask;
  private long maskSequence;
  private long maskHead;
  private long maskQuery;
  private long maskKey;
  private long alibi;
  private long relative;
  private int reach;
  private long mapWidth;

  /** Cost of all tiles of the sequences before each, and of all. */
  private long[] costs = new long[1];

  private int pieces;

  AttentionTask(Attention op) {
    this.op = op;
    this.stages = new AttentionStages(this);
  }

  /** Elements of a query's or key's head, and of a value's. */
  AttentionTask heads(int ofKeys, int ofValues) {
    headDim = ofKeys;
    valueDim = ofValues;
    return this;
  }

  /** A batch of sequences of equal length. */
  AttentionTask dense(int count, int queriesOfEach, int keysOfEach) {
    sequences = count;
    queries = queriesOfEach;
    keys = keysOfEach;
    starts = 0;
    keyStarts = 0;
    return this;
  }

  /**
   * Sequences one after another: operands' sequence strides are 0.
   *
   * @param queryStarts address of {@code count + 1} ints, the first query of each and the end
   * @param keyStartsOfEach the same for keys
   */
  AttentionTask ragged(int count, long queryStarts, long keyStartsOfEach) {
    sequences = count;
    starts = queryStarts;
    keyStarts = keyStartsOfEach;
    return this;
  }

  /** Sequences whose keys and values lie in pages: {@code at} finds their rows. */
  AttentionTask pages(KeyPages at) {
    pages = at;
    return this;
  }

  AttentionTask query(long address, long sequenceStride, long headStride, long rowStride) {
    query.place(address, sequenceStride, headStride, rowStride);
    return this;
  }

  AttentionTask key(long address, long sequenceStride, long headStride, long rowStride) {
    key.place(address, sequenceStride, headStride, rowStride);
    return this;
  }

  AttentionTask value(long address, long sequenceStride, long headStride, long rowStride) {
    value.place(address, sequenceStride, headStride, rowStride);
    return this;
  }

  AttentionTask y(long address, long sequenceStride, long headStride, long rowStride) {
    y.place(address, sequenceStride, headStride, rowStride);
    return this;
  }

  /** Rows of {@code width} scores or weights, if the operation has a map. */
  AttentionTask map(
      long address, long sequenceStride, long headStride, long rowStride, long width) {
    map.place(address, sequenceStride, headStride, rowStride);
    mapWidth = width;
    return this;
  }

  /** Bytes that hide where 0 if {@code logical}, else floats; strides of 0 repeat. */
  AttentionTask mask(
      long address,
      boolean logical,
      long sequenceStride,
      long headStride,
      long queryStride,
      long keyStride) {
    mask = address;
    logicalMask = logical;
    maskSequence = sequenceStride;
    maskHead = headStride;
    maskQuery = queryStride;
    maskKey = keyStride;
    return this;
  }

  /** Longs if {@code wide}, else ints. */
  AttentionTask keyLengths(long address, boolean wide) {
    keyLengths = address;
    wideKeyLengths = wide;
    return this;
  }

  /** A float for each head. */
  AttentionTask alibi(long address) {
    alibi = address;
    return this;
  }

  /** {@code 2 * reach + 1} floats for each head. */
  AttentionTask relative(long address, int reachOfEach) {
    relative = address;
    reach = reachOfEach;
    return this;
  }

  // Pieces.

  /** Cuts the work up for {@code threads}; to be called when all is set, before {@link #run}. */
  int pieces(int threads) {
    if (costs.length <= sequences) {
      costs = Arrays.copyOf(costs, sequences + 1);
    }
    long tiles = 0;
    for (int sequence = 0; sequence < sequences; sequence++) {
      long own = (long) op.heads() / headsOfTile(sequence) * tiles(sequence);
      tiles += own;
      costs[sequence + 1] = costs[sequence] + own * cost(sequence);
    }
    long vectors = (headDim + valueDim) * (long) (TILE / Vectors.LANES);
    long wanted = costs[sequences] * vectors / PIECE + 1;
    pieces = (int) Math.min(Math.min(wanted, tiles), (long) PIECES_PER_THREAD * threads);
    return pieces;
  }

  private int tiles(int sequence) {
    return (queries(sequence) + TILE - 1) / TILE;
  }

  private long cost(int sequence) {
    return keys(sequence) + TILE_OVERHEAD;
  }

  /** Heads that a tile has queries of: more than 1 where {@link #joinsHeads}. */
  private int headsOfTile(int sequence) {
    return joinsHeads(sequence) ? op.heads() / op.kvHeads() : 1;
  }

  /**
   * Whether the heads that share keys and values lie side by side in one tile, as a sequence's next
   * token has one query of each and nothing is added to scores that differs between them. Each
   * query's bits are those that it has alone.
   */
  boolean joinsHeads(int sequence) {
    boolean alike = mask == 0 && alibi == 0 && relative == 0 && op.map() == Map.NONE;
    return alike && op.heads() / op.kvHeads() <= TILE && queries(sequence) == 1;
  }

  private int queries(int sequence) {
    return starts == 0 ? queries : start(starts, sequence + 1) - start(starts, sequence);
  }

  private int keys(int sequence) {
    if (pages != null) {
      return pages.keys(sequence);
    }
    return keyStarts == 0 ? keys : start(keyStarts, sequence + 1) - start(keyStarts, sequence);
  }

  /** Where the sequence begins, if the batch is ragged. */
  private static int start(long starts, int sequence) {
    return starts == 0 ? 0 : Memory.getInt(starts + 4L * sequence);
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long memory = scratch.address(stages.scratchBytes());
    long from = share(piece);
    long to = share(piece + 1);
    int sequence = Arrays.binarySearch(costs, 0, sequences + 1, from);
    sequence = sequence < 0 ? -sequence - 2 : sequence;
    for (; sequence < sequences && costs[sequence] < to; sequence++) {
      long all = costs[sequence + 1] - costs[sequence];
      long cost = cost(sequence);
      // A tile belongs to the piece in whose share it begins.
      long first = Math.ceilDiv(Math.clamp(from - costs[sequence], 0, all), cost);
      long last = Math.ceilDiv(Math.clamp(to - costs[sequence], 0, all), cost);
      int tiles = tiles(sequence);
      int heads = headsOfTile(sequence);
      if (last - first > 1) {
        int end = (int) ((last - 1) / tiles) * heads + heads;
        fetch(sequence, (int) (first / tiles) * heads, end - 1, memory);
      }
      for (long unit = first; unit < last; unit++) {
        int row = (int) (unit % tiles) * TILE;
        int count = Math.min(TILE, queries(sequence) - row) * heads;
        tile(sequence, (int) (unit / tiles) * heads, row, count, memory);
      }
    }
  }

  /**
   * Brings a sequence's queries, keys and values of some heads into the cache, row by row: the
   * processor foresees that order, while head by head, a short stretch of each row, it does not.
   * Attention over 32 sequences of 128 tokens in 12 heads of 32 takes 0.94 of the time.
   */
  private void fetch(int sequence, int firstHead, int lastHead, long memory) {
    if (op.layout() == Attention.Layout.HEADS || pages != null && gathers()) {
      return;
    }
    int kvHeads = kvHead(lastHead) - kvHead(firstHead) + 1;
    long queryRow = (lastHead - firstHead + 1) * 4L * headDim;
    long keyRow = kvHeads * 4L * headDim;
    long valueRow = kvHeads * 4L * valueDim;
    int ofQueries = queries(sequence);
    int ofKeys = keys(sequence);
    if (ofQueries * queryRow + ofKeys * (keyRow + valueRow) > FETCHED) {
      return;
    }
    int kv = kvHead(firstHead);
    long all =
        AttentionKernels.touch(
            query(sequence, firstHead, 0), query.rowStride(), ofQueries, queryRow);
    int together = pages == null ? ofKeys : (int) Math.min(ofKeys, pages.pageTokens());
    for (int j = 0; j < ofKeys; j += together) {
      int n = Math.min(together, ofKeys - j);
      all ^= AttentionKernels.touch(key(sequence, kv, j), key.rowStride(), n, keyRow);
      all ^= AttentionKernels.touch(value(sequence, kv, j), value.rowStride(), n, valueRow);
    }
    // Stored so that the loads are not left out.
    Memory.putLong(memory, all);
  }

  /** The cost at which the piece begins. */
  private long share(int piece) {
    long all = costs[sequences];
    return all / pieces * piece + all % pieces * piece / pieces;
  }

  /**
   * A tile: {@code count} queries of a head, from row {@code row} of the sequence on, or of as many
   * heads.
   */
  private void tile(int sequence, int head, int row, int count, long memory) {
    boolean joins = joinsHeads(sequence);
    stages.begin(sequence, head, row, count, memory);
    int position = position(sequence, row);
    int end = endKey(sequence, joins ? position : position + count - 1);
    int first = (int) Math.max(0, op.window() > 0 ? (long) position - op.window() + 1 : 0);
    for (int j = first / BLOCK * BLOCK; j < end; j += BLOCK) {
      // What all queries are too late for is left out: its weights would be 0.
      int from = joins ? Math.max(first, j) : j;
      int n = shown(sequence, head, from, Math.min(j + BLOCK, end) - from);
      if (n > 0) {
        stages.block(sequence, head, row, count, from, n, memory);
      }
    }
    stages.end(sequence, head, row, count, memory);
    if (op.map() != Map.NONE) {
      int all = keys(sequence);
      for (int j = 0; j < all; j += BLOCK) {
        stages.map(sequence, head, row, count, j, Math.min(BLOCK, all - j), memory);
      }
      for (int i = 0; i < count; i++) {
        Memory.zero(map(sequence, head, row + i) + 4L * all, 4L * (mapWidth - all));
      }
    }
  }

  /** Behind the last key that a query at {@code position} may see, or an earlier one. */
  private int endKey(int sequence, int position) {
    int end = shownKeys(sequence);
    if (op.causal() != Causal.NONE) {
      end = Math.min(end, position + 1);
    }
    if (op.window() > 0) {
      end = (int) Math.min(end, (long) position + op.window());
    }
    return end;
  }

  /** Keys from {@code j} on, of {@code count}, up to the last that a mask common to all shows. */
  private int shown(int sequence, int head, int j, int count) {
    if (mask == 0 || maskQuery != 0) {
      return count;
    }
    int shown = count;
    while (shown > 0 && mask(sequence, head, 0, j + shown - 1) == Float.NEGATIVE_INFINITY) {
      shown--;
    }
    return shown;
  }

  // What the stages ask.

  Attention op() {
    return op;
  }

  int headDim() {
    return headDim;
  }

  int valueDim() {
    return valueDim;
  }

  /** The key and value head that a query head uses. */
  int kvHead(int head) {
    return head / (op.heads() / op.kvHeads());
  }

  long query(int sequence, int head, int row) {
    return query.at(sequence, start(starts, sequence), head, row);
  }

  /** From a query of a tile to the next one. */
  long queryStride(int sequence) {
    return joinsHeads(sequence) ? query.headStride() : query.rowStride();
  }

  /** Where keys lie, if they lie in pages; else null. */
  KeyPages pages() {
    return pages;
  }

  /**
   * Whether a block's keys and values are brought together first: they are not one after another,
   * not float32, or, for a map, not there where all queries are without them.
   */
  boolean gathers() {
    return pages != null
        && (pages.pageTokens() % BLOCK != 0 || pages.type() != DType.F32 || op.map() != Map.NONE);
  }

  /** The key of a block in one page, or of any where nothing lies in pages. */
  long key(int sequence, int head, int row) {
    if (pages != null) {
      return cacheKey(head, pages.row(sequence, row));
    }
    return key.at(sequence, start(keyStarts, sequence), head, row);
  }

  long keyStride() {
    return key.rowStride();
  }

  /** Row {@code row} of the cache of keys. */
  long cacheKey(int head, long row) {
    return key.address() + head * key.headStride() + row * key.rowStride();
  }

  /** Row {@code row} of the cache of values. */
  long cacheValue(int head, long row) {
    return value.address() + head * value.headStride() + row * value.rowStride();
  }

  long value(int sequence, int head, int row) {
    if (pages != null) {
      return cacheValue(head, pages.row(sequence, row));
    }
    return value.at(sequence, start(keyStarts, sequence), head, row);
  }

  long valueStride() {
    return value.rowStride();
  }

  long y(int sequence, int head, int row) {
    return y.at(sequence, start(starts, sequence), head, row);
  }

  /** From a result of a tile to the next one. */
  long yStride(int sequence) {
    return joinsHeads(sequence) ? y.headStride() : y.rowStride();
  }

  long map(int sequence, int head, int row) {
    return map.at(sequence, start(starts, sequence), head, row);
  }

  /** The position among the keys of the sequence's query {@code row}. */
  int position(int sequence, int row) {
    boolean last = op.causal() == Causal.BOTTOM_RIGHT;
    return row + (last ? keys(sequence) - queries(sequence) : 0);
  }

  /** Keys of the sequence that {@link Attention#KEY_LENGTHS} shows. */
  int shownKeys(int sequence) {
    if (keyLengths == 0) {
      return keys(sequence);
    }
    long length =
        wideKeyLengths
            ? Memory.getLong(keyLengths + 8L * sequence)
            : Memory.getInt(keyLengths + 4L * sequence);
    return Math.clamp(length, 0, keys(sequence));
  }

  boolean hasMask() {
    return mask != 0;
  }

  /** Whether every query of a head has the same mask. */
  boolean maskIsCommon() {
    return maskQuery == 0;
  }

  /** Whether each query has floats of its own, one after another. */
  boolean maskIsMatrix() {
    return !logicalMask && maskQuery != 0 && maskKey == Float.BYTES;
  }

  long maskAddress(int sequence, int head, int row, int j) {
    return mask + sequence * maskSequence + head * maskHead + row * maskQuery + j * maskKey;
  }

  /** From a query's mask to the next one's. */
  long maskStride() {
    return maskQuery;
  }

  /** The mask's element as a number to add. */
  float mask(int sequence, int head, int row, int j) {
    long at = maskAddress(sequence, head, row, j);
    if (logicalMask) {
      return Memory.getByte(at) == 0 ? Float.NEGATIVE_INFINITY : 0;
    }
    return Memory.getFloat(at);
  }

  /** Address of the head's slope, or 0. */
  long alibi(int head) {
    return alibi == 0 ? 0 : alibi + 4L * head;
  }

  /** Address of the head's bias for distance 0, or 0. */
  long relative(int head) {
    return relative == 0 ? 0 : relative + 4L * (head * (2L * reach + 1) + reach);
  }

  int reach() {
    return reach;
  }
}
