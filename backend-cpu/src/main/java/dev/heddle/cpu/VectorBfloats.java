package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.LANES;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Casts of bf16 with the Vector API: it is the upper half of a float32. */
final class VectorBfloats {
  private static final VectorSpecies<Integer> INTS = Vectors.F.withLanes(int.class);
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * Short.SIZE));

  /** Of the bits of a float32 without its sign: greater ones are no numbers. */
  private static final int INFINITY = 0x7f80_0000;

  private VectorBfloats() {}

  static void widen(long x, long y, int count) {
    int whole = count / LANES * LANES;
    widenWhole(x, y, whole);
    ScalarElements.bfloatsToFloats(x + 2L * whole, y + 4L * whole, count - whole);
  }

  static void narrow(long x, long y, int count) {
    int whole = count / LANES * LANES;
    narrowWhole(x, y, whole);
    ScalarElements.floatsToBfloats(x + 4L * whole, y + 2L * whole, count - whole);
  }

  private static void widenWhole(long x, long y, int count) {
    for (int i = 0; i < count; i += LANES) {
      ShortVector halves =
          ShortVector.fromMemorySegment(SHORTS, Memory.ALL, x + 2L * i, Memory.ORDER);
      IntVector bits = (IntVector) halves.convertShape(VectorOperators.S2I, INTS, 0);
      bits.lanewise(VectorOperators.LSHL, Short.SIZE)
          .intoMemorySegment(Memory.ALL, y + 4L * i, Memory.ORDER);
    }
  }

  /** Rounds to nearest, of two as near to the even one; what is no number stays quiet. */
  private static void narrowWhole(long x, long y, int count) {
    for (int i = 0; i < count; i += LANES) {
      IntVector bits = IntVector.fromMemorySegment(INTS, Memory.ALL, x + 4L * i, Memory.ORDER);
      IntVector upper = bits.lanewise(VectorOperators.LSHR, Short.SIZE);
      IntVector rounded =
          bits.add(0x7fff).add(upper.and(1)).lanewise(VectorOperators.LSHR, Short.SIZE);
      VectorMask<Integer> none = bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, INFINITY);
      IntVector halves = rounded.blend(upper.or(0x40), none);
      ((ShortVector) halves.convertShape(VectorOperators.I2S, SHORTS, 0))
          .intoMemorySegment(Memory.ALL, y + 2L * i, Memory.ORDER);
    }
  }
}
