package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.ALL;
import static dev.heddle.cpu.Memory.ORDER;
import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.putFloat;
import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.F;
import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.all;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;
import static dev.heddle.cpu.Vectors.zero;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * What {@link AttentionTask} does to a tile of queries and a block of keys, by the Vector API.
 *
 * <p>Scores lie transposed, {@code [keys, width]}: a key's row holds the tile's queries side by
 * side, in one or two vectors. So the softmax over keys runs down the rows, each query in its lane,
 * without sums across lanes, and both products have one form, {@link #product}, whose left factor
 * is broadcast element by element. Only the queries are transposed for it, once a tile; keys and
 * values are read where they lie.
 *
 * <p>What takes an exponential is in {@link AttentionStages}, for the reason that {@link Vectors}
 * gives.
 */
final class AttentionKernels {
  private static final float HIDDEN = Float.NEGATIVE_INFINITY;
  private static final boolean LITTLE_ENDIAN = ORDER == ByteOrder.LITTLE_ENDIAN;
  private static final long LOW = 0xffffffffL;

  /** 0, 1, 2, ... */
  private static final FloatVector LANE = zero().addIndex(1);

  private static final int CACHE_LINE = 64;

  private AttentionKernels() {}

  // The two products.

  /**
   * {@code out[r, :] = sum over i of a[r, i] * b[i, :]} for four rows of two vectors; each element
   * is a chain of fused multiply-adds over i from 0 up. All strides are in bytes.
   *
   * <p>Eight accumulators are enough to hide the latency, and fit into the 16 registers of AVX2.
   *
   * @param aRow from a row of a to the next
   * @param aStep from an element of a row to the next
   * @param bStep from a row of b to the next
   */
  static void product(
      long a, long aRow, long aStep, long b, long bStep, int count, long out, long outRow) {
    FloatVector c0x = FloatVector.zero(F);
    FloatVector c0y = FloatVector.zero(F);
    FloatVector c1x = FloatVector.zero(F);
    FloatVector c1y = FloatVector.zero(F);
    FloatVector c2x = FloatVector.zero(F);
    FloatVector c2y = FloatVector.zero(F);
    FloatVector c3x = FloatVector.zero(F);
    FloatVector c3y = FloatVector.zero(F);
    long a1 = a + aRow;
    long a2 = a1 + aRow;
    long a3 = a2 + aRow;
    long at = 0;
    for (int i = 0; i < count; i++) {
      FloatVector x = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector y = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a + at));
      c0x = f.fma(x, c0x);
      c0y = f.fma(y, c0y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a1 + at));
      c1x = f.fma(x, c1x);
      c1y = f.fma(y, c1y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a2 + at));
      c2x = f.fma(x, c2x);
      c2y = f.fma(y, c2y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a3 + at));
      c3x = f.fma(x, c3x);
      c3y = f.fma(y, c3y);
      at += aStep;
      b += bStep;
    }
    c0x.intoMemorySegment(ALL, out, ORDER);
    c0y.intoMemorySegment(ALL, out + BYTES, ORDER);
    c1x.intoMemorySegment(ALL, out + outRow, ORDER);
    c1y.intoMemorySegment(ALL, out + outRow + BYTES, ORDER);
    c2x.intoMemorySegment(ALL, out + 2 * outRow, ORDER);
    c2y.intoMemorySegment(ALL, out + 2 * outRow + BYTES, ORDER);
    c3x.intoMemorySegment(ALL, out + 3 * outRow, ORDER);
    c3y.intoMemorySegment(ALL, out + 3 * outRow + BYTES, ORDER);
  }

  /**
   * {@link #product} for eight rows, where there are 32 registers: half as many beginnings and ends
   * take 4 to 5 % off an attention's time.
   */
  static void tallProduct(
      long a, long aRow, long aStep, long b, long bStep, int count, long out, long outRow) {
    FloatVector c0x = FloatVector.zero(F);
    FloatVector c0y = FloatVector.zero(F);
    FloatVector c1x = FloatVector.zero(F);
    FloatVector c1y = FloatVector.zero(F);
    FloatVector c2x = FloatVector.zero(F);
    FloatVector c2y = FloatVector.zero(F);
    FloatVector c3x = FloatVector.zero(F);
    FloatVector c3y = FloatVector.zero(F);
    FloatVector c4x = FloatVector.zero(F);
    FloatVector c4y = FloatVector.zero(F);
    FloatVector c5x = FloatVector.zero(F);
    FloatVector c5y = FloatVector.zero(F);
    FloatVector c6x = FloatVector.zero(F);
    FloatVector c6y = FloatVector.zero(F);
    FloatVector c7x = FloatVector.zero(F);
    FloatVector c7y = FloatVector.zero(F);
    long a1 = a + aRow;
    long a2 = a1 + aRow;
    long a3 = a2 + aRow;
    long a4 = a3 + aRow;
    long a5 = a4 + aRow;
    long a6 = a5 + aRow;
    long a7 = a6 + aRow;
    long at = 0;
    for (int i = 0; i < count; i++) {
      FloatVector x = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector y = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a + at));
      c0x = f.fma(x, c0x);
      c0y = f.fma(y, c0y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a1 + at));
      c1x = f.fma(x, c1x);
      c1y = f.fma(y, c1y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a2 + at));
      c2x = f.fma(x, c2x);
      c2y = f.fma(y, c2y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a3 + at));
      c3x = f.fma(x, c3x);
      c3y = f.fma(y, c3y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a4 + at));
      c4x = f.fma(x, c4x);
      c4y = f.fma(y, c4y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a5 + at));
      c5x = f.fma(x, c5x);
      c5y = f.fma(y, c5y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a6 + at));
      c6x = f.fma(x, c6x);
      c6y = f.fma(y, c6y);
      f = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a7 + at));
      c7x = f.fma(x, c7x);
      c7y = f.fma(y, c7y);
      at += aStep;
      b += bStep;
    }
    c0x.intoMemorySegment(ALL, out, ORDER);
    c0y.intoMemorySegment(ALL, out + BYTES, ORDER);
    c1x.intoMemorySegment(ALL, out + outRow, ORDER);
    c1y.intoMemorySegment(ALL, out + outRow + BYTES, ORDER);
    c2x.intoMemorySegment(ALL, out + 2 * outRow, ORDER);
    c2y.intoMemorySegment(ALL, out + 2 * outRow + BYTES, ORDER);
    c3x.intoMemorySegment(ALL, out + 3 * outRow, ORDER);
    c3y.intoMemorySegment(ALL, out + 3 * outRow + BYTES, ORDER);
    c4x.intoMemorySegment(ALL, out + 4 * outRow, ORDER);
    c4y.intoMemorySegment(ALL, out + 4 * outRow + BYTES, ORDER);
    c5x.intoMemorySegment(ALL, out + 5 * outRow, ORDER);
    c5y.intoMemorySegment(ALL, out + 5 * outRow + BYTES, ORDER);
    c6x.intoMemorySegment(ALL, out + 6 * outRow, ORDER);
    c6y.intoMemorySegment(ALL, out + 6 * outRow + BYTES, ORDER);
    c7x.intoMemorySegment(ALL, out + 7 * outRow, ORDER);
    c7y.intoMemorySegment(ALL, out + 7 * outRow + BYTES, ORDER);
  }

  /** The same for rows of one vector, of which b has {@code lanes} lanes; the others give 0. */
  static void narrowProduct(
      long a,
      long aRow,
      long aStep,
      long b,
      long bStep,
      int lanes,
      int count,
      long out,
      long outRow) {
    VectorMask<Float> mask = Vectors.first(lanes);
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    long a1 = a + aRow;
    long a2 = a1 + aRow;
    long a3 = a2 + aRow;
    long at = 0;
    for (int i = 0; i < count; i++) {
      FloatVector x = fromMemorySegment(F, ALL, b, ORDER, mask);
      c0 = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a + at)).fma(x, c0);
      c1 = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a1 + at)).fma(x, c1);
      c2 = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a2 + at)).fma(x, c2);
      c3 = broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, a3 + at)).fma(x, c3);
      at += aStep;
      b += bStep;
    }
    c0.intoMemorySegment(ALL, out, ORDER);
    c1.intoMemorySegment(ALL, out + outRow, ORDER);
    c2.intoMemorySegment(ALL, out + 2 * outRow, ORDER);
    c3.intoMemorySegment(ALL, out + 3 * outRow, ORDER);
  }

  /**
   * {@code to[columns, width] = from[rows, columns]^T}, zeros in the lanes from {@code rows} on.
   * Two by two, as halves of longs: with single floats it takes half as long again.
   */
  static void transpose(long from, long rowStride, int rows, int columns, long to, int width) {
    int evenRows = rows & -2;
    int evenColumns = columns & -2;
    for (int c = 0; c < evenColumns; c += 2) {
      long source = from + 4L * c;
      long target = to + c * row(width);
      for (int r = 0; r < evenRows; r += 2) {
        long a = Memory.getLong(source + r * rowStride);
        long b = Memory.getLong(source + (r + 1) * rowStride);
        Memory.putLong(target + 4L * r, firsts(a, b));
        Memory.putLong(target + 4L * r + row(width), seconds(a, b));
      }
    }
    for (int c = 0; c < columns; c++) {
      for (int r = c < evenColumns ? evenRows : 0; r < width; r++) {
        float value = r < rows ? getFloat(from + r * rowStride + 4L * c) : 0;
        putFloat(to + c * row(width) + 4L * r, value);
      }
    }
  }

  /** Of two pairs of floats, as they lie in memory, the first of each. */
  private static long firsts(long a, long b) {
    return LITTLE_ENDIAN ? a & LOW | b << 32 : a & ~LOW | b >>> 32;
  }

  private static long seconds(long a, long b) {
    return LITTLE_ENDIAN ? a >>> 32 | b & ~LOW : a << 32 | b & LOW;
  }

  /** Loads from every cache line of some rows; what comes of it has no meaning. */
  static long touch(long from, long rowStride, int rows, long bytes) {
    long all = 0;
    for (int row = 0; row < rows; row++) {
      for (long at = 0; at < bytes; at += CACHE_LINE) {
        all ^= Memory.getLong(from + at);
      }
      from += rowStride;
    }
    return all;
  }

  /** {@code x = factor * x} on {@code count} floats, whole vectors. */
  static void scale(long x, int count, float factor) {
    for (long i = 0; i < 4L * count; i += BYTES) {
      store(x + i, load(x + i).mul(factor));
    }
  }

  /** {@code s[keys, width] = k[keys, d] @ queries[d, width]}. */
  static void scores(
      long k, long rowStride, int keys, int headDim, long queries, int width, long s) {
    long row = row(width);
    int next = 0;
    if (width != LANES && Vectors.MANY_REGISTERS) {
      for (; next <= keys - 8; next += 8) {
        long from = k + next * rowStride;
        tallProduct(from, rowStride, Float.BYTES, queries, row, headDim, s + next * row, row);
      }
    }
    int step = keys < 4 ? 1 : 4;
    long kRow = keys < 4 ? 0 : rowStride;
    long sRow = keys < 4 ? 0 : row;
    for (; next < keys; next += step) {
      // Four rows at a time, the last ones overlapping, or one row four times.
      int j = Math.min(next, keys - step);
      long from = k + j * rowStride;
      long to = s + j * row;
      if (width == LANES) {
        narrowProduct(from, kRow, Float.BYTES, queries, row, LANES, headDim, to, sRow);
      } else {
        product(from, kRow, Float.BYTES, queries, row, headDim, to, sRow);
      }
    }
  }

  private static long row(int elements) {
    return (long) elements * Float.BYTES;
  }

  /**
   * {@code out[count, padded] = s[keys, width]^T @ v[keys, valueDim]}, {@code padded} being the
   * next multiple of the vector's length; {@code count} is rounded up to a multiple of 4.
   */
  static void weigh(
      long s, int width, int keys, int count, long v, long rowStride, int valueDim, long out) {
    long weightRow = row(width);
    long outRow = row(padded(valueDim));
    int c = 0;
    for (; c <= valueDim - 2 * LANES; c += 2 * LANES) {
      int r = 0;
      for (; Vectors.MANY_REGISTERS && r <= count - 8; r += 8) {
        long to = out + r * outRow + 4L * c;
        tallProduct(s + 4L * r, Float.BYTES, weightRow, v + 4L * c, rowStride, keys, to, outRow);
      }
      for (; r < count; r += 4) {
        long to = out + r * outRow + 4L * c;
        product(s + 4L * r, Float.BYTES, weightRow, v + 4L * c, rowStride, keys, to, outRow);
      }
    }
    for (; c < valueDim; c += LANES) {
      int lanes = Math.min(LANES, valueDim - c);
      for (int r = 0; r < count; r += 4) {
        long to = out + r * outRow + 4L * c;
        narrowProduct(
            s + 4L * r, Float.BYTES, weightRow, v + 4L * c, rowStride, lanes, keys, to, outRow);
      }
    }
  }

  /** {@code elements} rounded up to whole vectors. */
  static int padded(int elements) {
    return (elements + LANES - 1) / LANES * LANES;
  }

  /**
   * {@link #weigh} where a weight of 0 takes nothing, not even an infinity or a NaN. Slow, for the
   * rare values that need it.
   */
  static void weighVisible(
      long s, int width, int keys, int count, long v, long rowStride, int valueDim, long out) {
    for (int r = 0; r < count; r++) {
      long to = out + r * row(padded(valueDim));
      for (int c = 0; c < valueDim; c++) {
        float sum = 0;
        for (int j = 0; j < keys; j++) {
          float weight = getFloat(s + j * row(width) + 4L * r);
          if (weight != 0) {
            sum = Math.fma(weight, getFloat(v + j * rowStride + 4L * c), sum);
          }
        }
        putFloat(to + 4L * c, sum);
      }
    }
  }

  /** Whether a NaN is among {@code count} floats, a multiple of the vector's length. */
  static boolean hasNaN(long x, int count) {
    FloatVector sum = zero();
    for (long i = 0; i < 4L * count; i += BYTES) {
      FloatVector v = load(x + i);
      // 0 for numbers, NaN for the others: x - x.
      sum = sum.add(v.sub(v));
    }
    return Float.isNaN(sum.reduceLanes(ADD));
  }

  // Between the products. Each takes one of the tile's vectors: s is where its column begins.

  /**
   * {@code s[j] += slope * (distance + j - lane)}.
   *
   * @param distance of the first key from the query in lane 0
   */
  static void addAlibi(long s, int width, int keys, float slope, int distance) {
    for (int j = 0; j < keys; j++) {
      FloatVector d = all(distance + j).sub(LANE);
      store(s, d.fma(all(slope), load(s)));
      s += row(width);
    }
  }

  /** {@code s[j] += table[keys - 1 - j + lane]}. */
  static void addRelative(long s, int width, int keys, long table) {
    long from = table + 4L * (keys - 1);
    for (int j = 0; j < keys; j++) {
      store(s, load(s).add(load(from)));
      s += row(width);
      from -= Float.BYTES;
    }
  }

  /** {@code s[j] += mask[j]}, hidden where the mask is -infinity; the mask lies as s does. */
  static void addMask(long s, int width, int keys, long mask) {
    for (int j = 0; j < keys; j++) {
      FloatVector m = load(mask);
      store(s, load(s).add(m).blend(HIDDEN, m.compare(EQ, HIDDEN)));
      s += row(width);
      mask += row(width);
    }
  }

  /** The same with one number for all queries of a key. */
  static void addCommonMask(long s, int width, int keys, long mask) {
    for (int j = 0; j < keys; j++) {
      FloatVector m = all(getFloat(mask + 4L * j));
      store(s, load(s).add(m).blend(HIDDEN, m.compare(EQ, HIDDEN)));
      s += row(width);
    }
  }

  /** Hides key j from the lanes below {@code low + j} and above {@code high + j}. */
  static void hide(long s, int width, int keys, float low, float high) {
    for (int j = 0; j < keys; j++) {
      VectorMask<Float> hidden = LANE.compare(LT, low + j).or(LANE.compare(GT, high + j));
      store(s, load(s).blend(HIDDEN, hidden));
      s += row(width);
    }
  }

  /** {@code out[r] = out[r] * rescale[r] + block[r]}, rows of {@code padded} elements. */
  static void merge(long out, long block, int count, int padded, long rescale) {
    for (int r = 0; r < count; r++) {
      FloatVector factor = all(getFloat(rescale + 4L * r));
      for (int c = 0; c < padded; c += LANES) {
        store(out, load(out).fma(factor, load(block)));
        out += BYTES;
        block += BYTES;
      }
    }
  }

  /** {@code factor = 1 / sum}, 0 where nothing was summed. */
  static void invert(long sum, long factor) {
    FloatVector s = load(sum);
    store(factor, all(1f).div(s).blend(0f, s.compare(EQ, 0f)));
  }

  /** {@code y[r] = out[r] * factor[r]}; adding 0 makes every zero positive. */
  static void finish(long out, int count, int valueDim, long factor, long y, long rowStride) {
    int rest = valueDim % LANES;
    for (int r = 0; r < count; r++) {
      float f = getFloat(factor + 4L * r);
      long from = out + r * row(padded(valueDim));
      long to = y + r * rowStride;
      for (int c = 0; c < valueDim - rest; c += LANES) {
        store(to + 4L * c, load(from + 4L * c).fma(all(f), zero()));
      }
      for (int c = valueDim - rest; c < valueDim; c++) {
        putFloat(to + 4L * c, Math.fma(getFloat(from + 4L * c), f, 0f));
      }
    }
  }
}
