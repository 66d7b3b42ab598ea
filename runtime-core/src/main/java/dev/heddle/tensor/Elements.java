package dev.heddle.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Reads and writes single elements of any {@link DType}.
 *
 * <p>Floats round to nearest, ties to even. Integers keep their low bits; a float stored into an
 * integer is truncated towards zero first, to a long as Java casts it: NaN becomes 0, and what lies
 * beyond the longs the nearest of them. Anything but zero stored into a {@link DType#BOOL} is 1.
 * Elements of block-quantised types are read one by one, slowly ({@link Blocks} reads many), and
 * never written.
 */
public final class Elements {
  private Elements() {}

  /** Element {@code index} of {@code memory}, as a double. An I64 beyond 2^53 is rounded. */
  public static double getDouble(MemorySegment memory, DType dtype, long index) {
    return switch (dtype) {
      case F64 -> memory.get(JAVA_DOUBLE_UNALIGNED, index * 8);
      case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, index * 4);
      case F16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, index * 2));
      case BF16 -> bfloat16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, index * 2));
      default ->
          dtype.isQuantized()
              ? Blocks.element(memory, dtype, index)
              : getLong(memory, dtype, index);
    };
  }

  /** Element {@code index} of {@code memory}, of type F32, F16 or BF16. */
  static float getFloat(MemorySegment memory, DType dtype, long index) {
    return switch (dtype) {
      case F32 -> memory.get(JAVA_FLOAT_UNALIGNED, index * 4);
      case F16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, index * 2));
      default -> bfloat16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, index * 2));
    };
  }

  /** Stores {@code value} as element {@code index}, of type F32, F16 or BF16. */
  static void putFloat(MemorySegment memory, DType dtype, long index, float value) {
    switch (dtype) {
      case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, index * 4, value);
      case F16 -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, Float.floatToFloat16(value));
      default -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, floatToBfloat16(value));
    }
  }

  /** Element {@code index} of {@code memory}, as a long; a float is truncated towards zero. */
  public static long getLong(MemorySegment memory, DType dtype, long index) {
    return switch (dtype) {
      case BOOL -> memory.get(JAVA_BYTE, index) != 0 ? 1 : 0;
      case U8 -> memory.get(JAVA_BYTE, index) & 0xff;
      case I8 -> memory.get(JAVA_BYTE, index);
      case I16 -> memory.get(JAVA_SHORT_UNALIGNED, index * 2);
      case I32 -> memory.get(JAVA_INT_UNALIGNED, index * 4);
      case I64 -> memory.get(JAVA_LONG_UNALIGNED, index * 8);
      case F16, BF16, F32, F64 -> (long) getDouble(memory, dtype, index);
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 ->
          (long) Blocks.element(memory, dtype, index);
    };
  }

  /** Stores {@code value} as element {@code index} of {@code memory}. */
  public static void putDouble(MemorySegment memory, DType dtype, long index, double value) {
    switch (dtype) {
      case F64 -> memory.set(JAVA_DOUBLE_UNALIGNED, index * 8, value);
      case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, index * 4, (float) value);
      case F16 -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, doubleToFloat16(value));
      case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, doubleToBfloat16(value));
      case BOOL -> memory.set(JAVA_BYTE, index, (byte) (value != 0 ? 1 : 0));
      default -> putLong(memory, dtype, index, (long) value);
    }
  }

  /** Stores {@code value} as element {@code index} of {@code memory}. */
  public static void putLong(MemorySegment memory, DType dtype, long index, long value) {
    switch (dtype) {
      case BOOL -> memory.set(JAVA_BYTE, index, (byte) (value != 0 ? 1 : 0));
      case U8, I8 -> memory.set(JAVA_BYTE, index, (byte) value);
      case I16 -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, (short) value);
      case I32 -> memory.set(JAVA_INT_UNALIGNED, index * 4, (int) value);
      case I64 -> memory.set(JAVA_LONG_UNALIGNED, index * 8, value);
      case F32 -> memory.set(JAVA_FLOAT_UNALIGNED, index * 4, (float) value);
      case BF16 -> memory.set(JAVA_SHORT_UNALIGNED, index * 2, longToBfloat16(value));
      case F16, F64 -> putDouble(memory, dtype, index, value);
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 ->
          throw new UnsupportedOperationException(
              "an element of %s cannot be stored by itself".formatted(dtype));
    }
  }

  /** The float whose upper half is {@code bits}; exact. */
  public static float bfloat16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest bfloat16, ties to even; a NaN stays a NaN. */
  public static short floatToBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Rounds once, not twice: a double goes through a float whose lost bits leave a sticky bit. */
  private static short doubleToBfloat16(double value) {
    return floatToBfloat16(roundToOdd(value));
  }

  /** By way of a double with a sticky last bit where {@code value} has more than 53 bits. */
  private static short longToBfloat16(long value) {
    int lost = Math.max(0, 64 - 50 - Long.numberOfLeadingZeros(Math.abs(value)));
    long kept = value >> lost << lost;
    return doubleToBfloat16(kept == value ? value : kept | 1L << lost);
  }

  private static short doubleToFloat16(double value) {
    return Float.floatToFloat16(roundToOdd(value));
  }

  /**
   * The float next to {@code value} with an odd last bit, or {@code value} itself where it is a
   * float. Rounding it again to a narrower type gives what rounding {@code value} at once gives
   * (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
   */
  private static float roundToOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value) || Float.isInfinite(nearest)) {
      return nearest;
    }
    if ((Float.floatToRawIntBits(nearest) & 1) != 0) {
      return nearest;
    }
    return Math.nextAfter(nearest, value);
  }
}
