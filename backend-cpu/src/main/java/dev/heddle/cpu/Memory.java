package dev.heddle.cpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Native memory by absolute address, as the kernels see it.
 *
 * <p>Nothing here checks bounds or lifetimes: whoever calls a kernel has proven that its operands
 * lie inside live {@link NativePool.Block}s. In return a kernel's inner loop has neither a bounds
 * nor a session check: on a Zen 4 core with a peak of 117 GFLOP/s a matrix tile reaches 115 through
 * {@link #ALL} and through {@code float[]}, and 50 to 92 through the segment of a shared arena.
 */
final class Memory {
  /** The whole address space; offsets into it are addresses. */
  @SuppressWarnings("restricted")
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** The order of vector loads and stores. */
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private Memory() {}

  static float getFloat(long address) {
    return ALL.get(JAVA_FLOAT_UNALIGNED, address);
  }

  static void putFloat(long address, float value) {
    ALL.set(JAVA_FLOAT_UNALIGNED, address, value);
  }

  static double getDouble(long address) {
    return ALL.get(JAVA_DOUBLE_UNALIGNED, address);
  }

  static void putDouble(long address, double value) {
    ALL.set(JAVA_DOUBLE_UNALIGNED, address, value);
  }

  static long getLong(long address) {
    return ALL.get(JAVA_LONG_UNALIGNED, address);
  }

  static void putLong(long address, long value) {
    ALL.set(JAVA_LONG_UNALIGNED, address, value);
  }

  static int getInt(long address) {
    return ALL.get(JAVA_INT_UNALIGNED, address);
  }

  static void putInt(long address, int value) {
    ALL.set(JAVA_INT_UNALIGNED, address, value);
  }

  static short getShort(long address) {
    return ALL.get(JAVA_SHORT_UNALIGNED, address);
  }

  static void putShort(long address, short value) {
    ALL.set(JAVA_SHORT_UNALIGNED, address, value);
  }

  static byte getByte(long address) {
    return ALL.get(JAVA_BYTE, address);
  }

  static void putByte(long address, byte value) {
    ALL.set(JAVA_BYTE, address, value);
  }

  /** Copies {@code bytes} bytes; the two ranges may overlap. */
  static void copy(long from, long to, long bytes) {
    MemorySegment.copy(ALL, from, ALL, to, bytes);
  }

  /** Whether {@code bytes} bytes at two addresses are the same. */
  static boolean equal(long a, long b, long bytes) {
    return MemorySegment.mismatch(ALL, a, a + bytes, ALL, b, b + bytes) < 0;
  }

  /** Copies all of {@code from}, which may be a Java array's segment or a mapped file's. */
  static void copyIn(MemorySegment from, long to) {
    MemorySegment.copy(from, 0, ALL, to, from.byteSize());
  }

  /** Fills all of {@code to}. */
  static void copyOut(long from, MemorySegment to) {
    MemorySegment.copy(ALL, from, to, 0, to.byteSize());
  }

  /** Sets {@code bytes} bytes to {@code value}. A slice's own method may leave the slice behind. */
  static void fill(long address, long bytes, byte value) {
    long eight = (value & 0xffL) * 0x0101010101010101L;
    long end = address + bytes;
    long at = address;
    for (; at <= end - Long.BYTES; at += Long.BYTES) {
      putLong(at, eight);
    }
    for (; at < end; at++) {
      putByte(at, value);
    }
  }

  /** Sets {@code bytes} bytes to zero. */
  static void zero(long address, long bytes) {
    fill(address, bytes, (byte) 0);
  }

  /** The range as a segment without a lifetime: its owner must outlive its use. */
  static MemorySegment segment(long address, long bytes) {
    return ALL.asSlice(address, bytes);
  }
}
