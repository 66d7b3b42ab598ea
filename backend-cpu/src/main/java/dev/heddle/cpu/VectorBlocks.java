package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.ALL;
import static dev.heddle.cpu.Memory.ORDER;
import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.F;
import static dev.heddle.cpu.Vectors.LANES;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.FloatVector.zero;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link BlockKernels} by the Vector API: a vector holds words of as many rows as it has lanes, so
 * that shifts bring out one element of each. First a group's scales and offsets go into scratch,
 * then its codes are multiplied by them. Where a type has offsets, a code times a scale has at most
 * 22 bits: adding the offset in the same instruction rounds once, as two would.
 *
 * <p>Loads and stores are written out: together these loops are a graph so large that the compiler
 * inlines nothing more but the Vector API, and a call would leave its vectors on the heap.
 */
final class VectorBlocks implements BlockKernels {
  private static final VectorSpecies<Integer> WORDS = VectorSpecies.of(int.class, F.vectorShape());
  private static final int[] NON_LINEAR = words(Blocks.table(DType.IQ4_NL));
  private static final int[] E2M1 = words(Blocks.table(DType.MXFP4));

  /** What is added where a type has no offsets: adding it changes no number, not even -0. */
  private static final float NOTHING = -0f;

  private final ScalarBlocks scalars = new ScalarBlocks();

  private static int[] table(DType type) {
    return switch (type) {
      case IQ4_NL, IQ4_XS -> NON_LINEAR;
      case MXFP4 -> E2M1;
      default -> null;
    };
  }

  private static int[] words(byte[] table) {
    int[] words = new int[table.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = table[i];
    }
    return words;
  }

  @Override
  public void decode(BlockLayout layout, long panel, int chunk, int chunks, long to, long scratch) {
    int[] table = table(layout.type());
    if (table != null && LANES < table.length) {
      scalars.decode(layout, panel, chunk, chunks, to, scratch);
      return;
    }
    long rowBytes = layout.rowBytes();
    int groups = layout.groups();
    int low = layout.lowBits();
    int high = layout.highBits();
    long offsets = scratch + rowBytes;
    if (!layout.offsets()) {
      fill(offsets, rowBytes);
    }
    for (int c = chunk; c < chunk + chunks; c++) {
      long codes = panel + layout.codes(c);
      for (int g = 0; g < groups; g++) {
        scales(layout, panel, c, g, scratch, offsets);
        int words = low / groups;
        long own = codes + g * words * rowBytes;
        if (table != null) {
          table(own, scratch, to, words, rowBytes, table);
        } else if (high == 0) {
          plain(own, scratch, offsets, to, words, low, layout.mask(), rowBytes);
        } else {
          long upper = codes + low * rowBytes;
          int begin = g * high * (BlockLayout.CHUNK / groups);
          for (int w = 0; w < words; w++) {
            int at = begin + w * (Integer.SIZE / low) * high;
            joined(
                own + w * rowBytes,
                upper + at / Integer.SIZE * rowBytes,
                at % Integer.SIZE,
                scratch,
                offsets,
                to + w * (Integer.SIZE / low) * rowBytes,
                low,
                high,
                layout.mask(),
                rowBytes);
          }
        }
        to += BlockLayout.CHUNK / groups * rowBytes;
      }
    }
  }

  @Override
  public boolean multiplies(BlockLayout layout) {
    return layout.highBits() == 0 && layout.width() == 4 * LANES && table(layout.type()) == null;
  }

  @Override
  public void multiply(
      BlockLayout layout, long panel, int chunk, int chunks, long a, long out, long scratch) {
    long rowBytes = layout.rowBytes();
    int groups = layout.groups();
    long offsets = scratch + (long) chunks * groups * rowBytes;
    for (int i = 0; i < chunks * groups; i++) {
      long at = i * rowBytes;
      scales(layout, panel, chunk + i / groups, i % groups, scratch + at, offsets + at);
    }
    long codes = panel + layout.codes(chunk);
    int words = layout.lowBits() / groups;
    if (layout.signed()) {
      VectorBlockRows.signed(
          codes, scratch, a, out, chunks * groups, words, layout.lowBits(), rowBytes);
    } else {
      VectorBlockRows.shifted(
          codes, scratch, offsets, a, out, chunks * groups, words, layout.lowBits(), rowBytes);
    }
  }

  @Override
  public void round(long address, int count) {
    long chunk = (long) BlockLayout.CHUNK * Float.BYTES;
    for (long at = address; at < address + (long) count * Float.BYTES; at += chunk) {
      FloatVector greatest = zero(F);
      for (long i = 0; i < chunk; i += BYTES) {
        greatest = greatest.max(fromMemorySegment(F, ALL, at + i, ORDER).abs());
      }
      float scale = greatest.reduceLanes(VectorOperators.MAX) / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      for (long i = 0; i < chunk; i += BYTES) {
        FloatVector whole =
            fromMemorySegment(F, ALL, at + i, ORDER)
                .mul(inverse)
                .add(ScalarBlocks.WHOLE)
                .sub(ScalarBlocks.WHOLE);
        whole.mul(scale).intoMemorySegment(ALL, at + i, ORDER);
      }
    }
  }

  private static void fill(long to, long bytes) {
    for (long at = 0; at < bytes; at += BYTES) {
      broadcast(F, NOTHING).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  /** A group's scales, and offsets where there are such. */
  private static void scales(
      BlockLayout layout, long panel, int chunk, int group, long to, long offsets) {
    long bases = panel + layout.base(chunk);
    bases(bases, layout.baseShift(chunk), layout.powers(), to, layout.rowBytes());
    if (layout.offsets()) {
      bases(bases, 16, layout.powers(), offsets, layout.rowBytes());
    }
    if (layout.large()) {
      int shift = layout.factorShift(chunk, group);
      multiply(panel + layout.factor(chunk, group), shift, to, layout.rowBytes());
      if (layout.offsets()) {
        multiply(panel + layout.offsetFactor(chunk, group), shift, offsets, layout.rowBytes());
      }
    }
  }

  /** 16 bits of each word, binary16 or the upper half of a float32, to float32. */
  private static void bases(long words, int shift, boolean powers, long to, long bytes) {
    if (powers) {
      for (long at = 0; at < bytes; at += BYTES) {
        IntVector w = IntVector.fromMemorySegment(WORDS, ALL, words + at, ORDER);
        w.lanewise(VectorOperators.LSHR, shift)
            .lanewise(VectorOperators.LSHL, 16)
            .intoMemorySegment(ALL, to + at, ORDER);
      }
      return;
    }
    for (long at = 0; at < bytes; at += BYTES) {
      IntVector w = IntVector.fromMemorySegment(WORDS, ALL, words + at, ORDER);
      IntVector half = w.lanewise(VectorOperators.LSHR, shift);
      IntVector magnitude = half.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
      // The exponent is 112 too small, of subnormal numbers too; a product puts both right.
      IntVector bits = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
      IntVector special = bits.or(0x7f800000);
      bits = bits.blend(special, magnitude.compare(VectorOperators.GE, 0x7c00 << 13));
      bits.or(half.and(0x8000).lanewise(VectorOperators.LSHL, 16))
          .intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  /** Multiplies by 8 bits of each word. */
  private static void multiply(long words, int shift, long to, long bytes) {
    for (long at = 0; at < bytes; at += BYTES) {
      IntVector w = IntVector.fromMemorySegment(WORDS, ALL, words + at, ORDER);
      FloatVector factor =
          (FloatVector)
              w.lanewise(VectorOperators.LSHL, 24 - shift)
                  .lanewise(VectorOperators.ASHR, 24)
                  .convert(VectorOperators.I2F, 0);
      fromMemorySegment(F, ALL, to + at, ORDER).mul(factor).intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  /** Codes that lie in one piece. */
  private static void plain(
      long codes, long scales, long offsets, long to, int words, int bits, int mask, long row) {
    int sign = Integer.SIZE - bits;
    for (long lane = 0; lane < row; lane += BYTES) {
      FloatVector scale = fromMemorySegment(F, ALL, scales + lane, ORDER);
      FloatVector offset = fromMemorySegment(F, ALL, offsets + lane, ORDER);
      long at = to + lane;
      for (int i = 0; i < words; i++) {
        IntVector w = IntVector.fromMemorySegment(WORDS, ALL, codes + lane + i * row, ORDER);
        for (int left = sign; left >= 0; left -= bits) {
          FloatVector code =
              (FloatVector)
                  w.lanewise(VectorOperators.LSHL, left)
                      .lanewise(VectorOperators.ASHR, sign)
                      .and(mask)
                      .convert(VectorOperators.I2F, 0);
          code.fma(scale, offset).intoMemorySegment(ALL, at, ORDER);
          at += row;
        }
      }
    }
  }

  /** Codes whose upper bits lie apart: those of one word of lower bits. */
  private static void joined(
      long codes,
      long upper,
      int begin,
      long scales,
      long offsets,
      long to,
      int low,
      int high,
      int mask,
      long row) {
    int sign = Integer.SIZE - high;
    int lower = (1 << low) - 1;
    for (long lane = 0; lane < row; lane += BYTES) {
      FloatVector scale = fromMemorySegment(F, ALL, scales + lane, ORDER);
      FloatVector offset = fromMemorySegment(F, ALL, offsets + lane, ORDER);
      IntVector w = IntVector.fromMemorySegment(WORDS, ALL, codes + lane, ORDER);
      IntVector u = IntVector.fromMemorySegment(WORDS, ALL, upper + lane, ORDER);
      long at = to + lane;
      int left = sign - begin;
      for (int right = 0; right < Integer.SIZE; right += low) {
        IntVector top =
            u.lanewise(VectorOperators.LSHL, left)
                .lanewise(VectorOperators.ASHR, sign)
                .lanewise(VectorOperators.LSHL, low);
        FloatVector code =
            (FloatVector)
                w.lanewise(VectorOperators.LSHR, right)
                    .and(lower)
                    .or(top)
                    .and(mask)
                    .convert(VectorOperators.I2F, 0);
        code.fma(scale, offset).intoMemorySegment(ALL, at, ORDER);
        at += row;
        left -= high;
      }
    }
  }

  /** Codes of four bits that stand for the numbers of a table. */
  private static void table(long codes, long scales, long to, int words, long row, int[] table) {
    IntVector numbers = IntVector.fromArray(WORDS, table, 0);
    for (long lane = 0; lane < row; lane += BYTES) {
      FloatVector scale = fromMemorySegment(F, ALL, scales + lane, ORDER);
      long at = to + lane;
      for (int i = 0; i < words; i++) {
        IntVector w = IntVector.fromMemorySegment(WORDS, ALL, codes + lane + i * row, ORDER);
        for (int right = 0; right < Integer.SIZE; right += 4) {
          FloatVector code =
              (FloatVector)
                  w.lanewise(VectorOperators.LSHR, right)
                      .and(15)
                      .selectFrom(numbers)
                      .convert(VectorOperators.I2F, 0);
          code.mul(scale).intoMemorySegment(ALL, at, ORDER);
          at += row;
        }
      }
    }
  }
}
