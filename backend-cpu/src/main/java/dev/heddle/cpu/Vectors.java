package dev.heddle.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors that all kernels use: float32, as wide as the machine has them.
 *
 * <p>Rules for every loop over vectors. The compiler keeps vectors in registers where all methods
 * that take or give one are inlined, and leaves them on the heap, 50 times slower, where one is
 * not. Those of the Vector API it always inlines, others where its profile says so: one that it
 * takes for cold only if it has 35 bytes of code at most, and was not compiled by itself into 625
 * or more; a hot one unless that came to 2,500. Nor does it inline in a method whose graph has come
 * to 18,000 nodes, of which a vector operation takes 150 to 600: an exponential about 8,500.
 *
 * <p>A method's profile may still be missing when it is inlined into another that was compiled
 * first, and then everything in it seems cold, for good. Java cannot forbid inlining, but a call
 * that meets objects of three classes or more is not inlined. So a loop that uses more than {@link
 * #load}, {@link #store} and the Vector API is an object's own method, called from a place that
 * meets three of them at each use: it is compiled by itself, when its own profile says that it is
 * worth it. Of functions that it calls none calls another, for that one's profile may be missing
 * too. A compiled method has room for one loop of some 30 operations. Nor do such loops share a
 * method with loops over single elements, which get it compiled before the compiler knows that the
 * vectors' loop is worth inlining into. The tests count what kernels allocate.
 */
final class Vectors {
  /** The machine's own width, up to 512 bits. */
  static final VectorSpecies<Float> F =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  /** Floats in a vector: 4, 8 or 16. */
  static final int LANES = F.length();

  /** Whether there are 32 vector registers: AVX-512 and AArch64 have them, AVX2 and SSE do not. */
  static final boolean MANY_REGISTERS =
      LANES == 16 || System.getProperty("os.arch").equals("aarch64");

  /** Bytes of a vector. */
  static final int BYTES = LANES * Float.BYTES;

  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private Vectors() {}

  private static VectorShuffle<Float> rotation(int lanes) {
    return VectorShuffle.iota(F, lanes, 1, true);
  }

  static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(F, Memory.ALL, address, Memory.ORDER);
  }

  /**
   * The lanes that the mask names; the others are 0. Machines that cannot leave lanes out read the
   * memory of all of them, up to a vector past the operand: {@link SystemMemory#MARGIN} is there.
   */
  static FloatVector load(long address, VectorMask<Float> mask) {
    return FloatVector.fromMemorySegment(F, Memory.ALL, address, Memory.ORDER, mask);
  }

  static void store(long address, FloatVector v) {
    v.intoMemorySegment(Memory.ALL, address, Memory.ORDER);
  }

  static void store(long address, FloatVector v, VectorMask<Float> mask) {
    v.intoMemorySegment(Memory.ALL, address, Memory.ORDER, mask);
  }

  /** The first {@code count} lanes. */
  static VectorMask<Float> first(int count) {
    return F.indexInRange(0, count);
  }

  static FloatVector all(float value) {
    return FloatVector.broadcast(F, value);
  }

  static FloatVector zero() {
    return FloatVector.zero(F);
  }

  /**
   * The sum of all lanes, by halves. {@code reduceLanes} leaves the order open, and compiled code
   * takes another than interpreted code does.
   */
  static float sum(FloatVector v) {
    FloatVector s = v;
    if (LANES > 8) {
      s = s.add(s.rearrange(BY_8));
    }
    if (LANES > 4) {
      s = s.add(s.rearrange(BY_4));
    }
    s = s.add(s.rearrange(BY_2));
    return s.add(s.rearrange(BY_1)).lane(0);
  }

  /** The greatest lane; NaN if one is. */
  static float max(FloatVector v) {
    return v.reduceLanes(VectorOperators.MAX);
  }

  /** The greater of two, and a where b is NaN: in half the instructions of the method max. */
  static FloatVector greater(FloatVector a, FloatVector b) {
    return a.blend(b, b.compare(VectorOperators.GT, a));
  }
}
