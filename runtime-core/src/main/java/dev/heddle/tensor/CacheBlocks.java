package dev.heddle.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Rows of {@link DType#Q8_0} as caches of keys and values hold them: ggml's blocks, as {@link
 * Quantizer} makes them. Other than there, numbers need not be finite, since what a model computes
 * may not be: a block with one that is not is NaN, all of it; and one whose scale rounds to 0 is 0.
 *
 * <p>To write what was read changes no byte: in a block that is not 0 some code is 127 or -127, so
 * the scale comes out again, and so do the codes.
 */
public final class CacheBlocks {
  private static final int BLOCK = 32;
  private static final int BYTES = 34;
  private static final short NAN = 0x7e00;

  private CacheBlocks() {}

  /**
   * Quantises a row.
   *
   * @param from float32 numbers, {@code elements} of them from byte {@code at} on
   * @param elements a multiple of 32
   * @param to given the blocks, from byte {@code offset} on
   */
  public static void write(
      MemorySegment from, long at, long elements, MemorySegment to, long offset) {
    for (long done = 0; done < elements; done += BLOCK) {
      block(from, at + done * Float.BYTES, to, offset + done / BLOCK * BYTES);
    }
  }

  private static void block(MemorySegment from, long at, MemorySegment to, long offset) {
    float largest = 0;
    float odd = 0; // 0 for finite numbers, else NaN.
    for (int i = 0; i < BLOCK; i++) {
      float x = from.get(JAVA_FLOAT_UNALIGNED, at + 4L * i);
      largest = Math.max(largest, Math.abs(x));
      odd += x - x;
    }
    if (odd != 0) {
      to.set(JAVA_SHORT_UNALIGNED, offset, NAN);
      to.asSlice(offset + 2, BLOCK).fill((byte) 1);
      return;
    }
    float scale = largest / 127;
    short half = Float.floatToFloat16(scale);
    float inverse = half == 0 ? 0 : 1 / scale;
    to.set(JAVA_SHORT_UNALIGNED, offset, half);
    for (int i = 0; i < BLOCK; i++) {
      float code = from.get(JAVA_FLOAT_UNALIGNED, at + 4L * i) * inverse;
      to.set(JAVA_BYTE, offset + 2 + i, (byte) (int) (code + Math.copySign(0.5f, code)));
    }
  }

  /** Reads a row that {@link #write} wrote, or ggml: the way back. */
  public static void read(
      MemorySegment from, long offset, long elements, MemorySegment to, long at) {
    for (long done = 0; done < elements; done += BLOCK) {
      long block = offset + done / BLOCK * BYTES;
      float scale = Float.float16ToFloat(from.get(JAVA_SHORT_UNALIGNED, block));
      for (int i = 0; i < BLOCK; i++) {
        float x = scale * from.get(JAVA_BYTE, block + 2 + i);
        to.set(JAVA_FLOAT_UNALIGNED, at + (done + i) * 4, x);
      }
    }
  }
}
