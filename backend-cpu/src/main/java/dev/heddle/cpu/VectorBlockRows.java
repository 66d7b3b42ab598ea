package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.ALL;
import static dev.heddle.cpu.Memory.ORDER;
import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.F;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.FloatVector.zero;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row by a panel of four vectors of blocks, whose codes lie in one piece: each element is
 * decoded in registers, as {@link VectorBlocks} decodes it, and goes into one chain of fused
 * multiply-adds over k in ascending order. The repetition is {@link VectorMatMulKernels}'.
 */
final class VectorBlockRows {
  private static final VectorSpecies<Integer> WORDS = VectorSpecies.of(int.class, F.vectorShape());
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorBlockRows() {}

  /**
   * Signed codes without offsets.
   *
   * @param groups of {@code words} words each
   * @param bits of a code
   * @param row bytes from one word, or scale, to the next of the same column
   */
  static void signed(
      long codes, long scales, long a, long out, int groups, int words, int bits, long row) {
    FloatVector x = zero(F);
    FloatVector y = zero(F);
    FloatVector z = zero(F);
    FloatVector w = zero(F);
    int sign = Integer.SIZE - bits;
    for (long group = 0; group < groups; group++) {
      FloatVector sx = fromMemorySegment(F, ALL, scales, ORDER);
      FloatVector sy = fromMemorySegment(F, ALL, scales + BYTES, ORDER);
      FloatVector sz = fromMemorySegment(F, ALL, scales + 2L * BYTES, ORDER);
      FloatVector sw = fromMemorySegment(F, ALL, scales + 3L * BYTES, ORDER);
      for (long i = 0; i < words; i++) {
        IntVector cx = IntVector.fromMemorySegment(WORDS, ALL, codes, ORDER);
        IntVector cy = IntVector.fromMemorySegment(WORDS, ALL, codes + BYTES, ORDER);
        IntVector cz = IntVector.fromMemorySegment(WORDS, ALL, codes + 2L * BYTES, ORDER);
        IntVector cw = IntVector.fromMemorySegment(WORDS, ALL, codes + 3L * BYTES, ORDER);
        for (int left = sign; left >= 0; left -= bits) {
          FloatVector b = broadcast(F, ALL.get(FLOAT, a));
          IntVector ix = cx.lanewise(VectorOperators.LSHL, left);
          IntVector iy = cy.lanewise(VectorOperators.LSHL, left);
          IntVector iz = cz.lanewise(VectorOperators.LSHL, left);
          IntVector iw = cw.lanewise(VectorOperators.LSHL, left);
          ix = ix.lanewise(VectorOperators.ASHR, sign);
          iy = iy.lanewise(VectorOperators.ASHR, sign);
          iz = iz.lanewise(VectorOperators.ASHR, sign);
          iw = iw.lanewise(VectorOperators.ASHR, sign);
          x = b.fma(((FloatVector) ix.convert(VectorOperators.I2F, 0)).mul(sx), x);
          y = b.fma(((FloatVector) iy.convert(VectorOperators.I2F, 0)).mul(sy), y);
          z = b.fma(((FloatVector) iz.convert(VectorOperators.I2F, 0)).mul(sz), z);
          w = b.fma(((FloatVector) iw.convert(VectorOperators.I2F, 0)).mul(sw), w);
          a += Float.BYTES;
        }
        codes += row;
      }
      scales += row;
    }
    x.intoMemorySegment(ALL, out, ORDER);
    y.intoMemorySegment(ALL, out + BYTES, ORDER);
    z.intoMemorySegment(ALL, out + 2L * BYTES, ORDER);
    w.intoMemorySegment(ALL, out + 3L * BYTES, ORDER);
  }

  /** Codes of 0 and more, with offsets. */
  static void shifted(
      long codes,
      long scales,
      long offsets,
      long a,
      long out,
      int groups,
      int words,
      int bits,
      long row) {
    FloatVector x = zero(F);
    FloatVector y = zero(F);
    FloatVector z = zero(F);
    FloatVector w = zero(F);
    int mask = (1 << bits) - 1;
    for (long group = 0; group < groups; group++) {
      FloatVector sx = fromMemorySegment(F, ALL, scales, ORDER);
      FloatVector sy = fromMemorySegment(F, ALL, scales + BYTES, ORDER);
      FloatVector sz = fromMemorySegment(F, ALL, scales + 2L * BYTES, ORDER);
      FloatVector sw = fromMemorySegment(F, ALL, scales + 3L * BYTES, ORDER);
      FloatVector ox = fromMemorySegment(F, ALL, offsets, ORDER);
      FloatVector oy = fromMemorySegment(F, ALL, offsets + BYTES, ORDER);
      FloatVector oz = fromMemorySegment(F, ALL, offsets + 2L * BYTES, ORDER);
      FloatVector ow = fromMemorySegment(F, ALL, offsets + 3L * BYTES, ORDER);
      for (long i = 0; i < words; i++) {
        IntVector cx = IntVector.fromMemorySegment(WORDS, ALL, codes, ORDER);
        IntVector cy = IntVector.fromMemorySegment(WORDS, ALL, codes + BYTES, ORDER);
        IntVector cz = IntVector.fromMemorySegment(WORDS, ALL, codes + 2L * BYTES, ORDER);
        IntVector cw = IntVector.fromMemorySegment(WORDS, ALL, codes + 3L * BYTES, ORDER);
        for (int right = 0; right < Integer.SIZE; right += bits) {
          FloatVector b = broadcast(F, ALL.get(FLOAT, a));
          IntVector ix = cx.lanewise(VectorOperators.LSHR, right).and(mask);
          IntVector iy = cy.lanewise(VectorOperators.LSHR, right).and(mask);
          IntVector iz = cz.lanewise(VectorOperators.LSHR, right).and(mask);
          IntVector iw = cw.lanewise(VectorOperators.LSHR, right).and(mask);
          x = b.fma(((FloatVector) ix.convert(VectorOperators.I2F, 0)).fma(sx, ox), x);
          y = b.fma(((FloatVector) iy.convert(VectorOperators.I2F, 0)).fma(sy, oy), y);
          z = b.fma(((FloatVector) iz.convert(VectorOperators.I2F, 0)).fma(sz, oz), z);
          w = b.fma(((FloatVector) iw.convert(VectorOperators.I2F, 0)).fma(sw, ow), w);
          a += Float.BYTES;
        }
        codes += row;
      }
      scales += row;
      offsets += row;
    }
    x.intoMemorySegment(ALL, out, ORDER);
    y.intoMemorySegment(ALL, out + BYTES, ORDER);
    z.intoMemorySegment(ALL, out + 2L * BYTES, ORDER);
    w.intoMemorySegment(ALL, out + 3L * BYTES, ORDER);
  }
}
