package dev.heddle.cpu;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;

/** {@link BlockKernels} in plain Java. */
final class ScalarBlocks implements BlockKernels {
  /** Adding it and taking it away rounds a float to the nearest whole number, ties to even. */
  static final float WHOLE = 0x1.8p23f;

  private static final long CHUNK_BYTES = (long) BlockLayout.CHUNK * Float.BYTES;
  private static final byte[] NON_LINEAR = Blocks.table(DType.IQ4_NL);
  private static final byte[] E2M1 = Blocks.table(DType.MXFP4);

  @Override
  public void decode(BlockLayout layout, long panel, int chunk, int chunks, long to, long scratch) {
    for (int lane = 0; lane < layout.width(); lane++) {
      long at = (long) lane * Integer.BYTES;
      decodeRow(layout, panel + at, chunk, chunks, to + at, layout.rowBytes());
    }
  }

  /**
   * Decodes part of one row of B, which lies in a panel's column.
   *
   * @param lane the column's first word
   * @param stride bytes from element to element in {@code to}
   */
  static void decodeRow(
      BlockLayout layout, long lane, int chunk, int chunks, long to, long stride) {
    byte[] table =
        switch (layout.type()) {
          case IQ4_NL, IQ4_XS -> NON_LINEAR;
          case MXFP4 -> E2M1;
          default -> null;
        };
    int group = Blocks.group(layout.type());
    long at = to;
    for (int c = chunk; c < chunk + chunks; c++) {
      for (int g = 0; g < layout.groups(); g++) {
        float scale = scale(layout, lane, c, g);
        float offset = layout.offsets() ? offset(layout, lane, c, g) : 0;
        for (int i = g * group; i < (g + 1) * group; i++) {
          int code = code(layout, lane + layout.codes(c), i);
          float value = scale * (table == null ? code : table[code]);
          Memory.putFloat(at, layout.offsets() ? value + offset : value);
          at += stride;
        }
      }
    }
  }

  @Override
  public boolean multiplies(BlockLayout layout) {
    return false;
  }

  @Override
  public void multiply(
      BlockLayout layout, long panel, int chunk, int chunks, long a, long out, long scratch) {
    throw new UnsupportedOperationException("rows are multiplied with what was decoded");
  }

  @Override
  public void round(long address, int count) {
    for (long at = address; at < address + (long) count * Float.BYTES; at += CHUNK_BYTES) {
      float greatest = 0;
      for (long i = at; i < at + CHUNK_BYTES; i += Float.BYTES) {
        greatest = Math.max(greatest, Math.abs(Memory.getFloat(i)));
      }
      float scale = greatest / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      for (long i = at; i < at + CHUNK_BYTES; i += Float.BYTES) {
        float whole = Memory.getFloat(i) * inverse + WHOLE - WHOLE;
        Memory.putFloat(i, whole * scale);
      }
    }
  }

  private static float scale(BlockLayout layout, long words, int chunk, int group) {
    int bits = Memory.getInt(words + layout.base(chunk)) >> layout.baseShift(chunk);
    return base(layout, bits)
        * (layout.large()
            ? (byte)
                (Memory.getInt(words + layout.factor(chunk, group))
                    >> layout.factorShift(chunk, group))
            : 1);
  }

  private static float offset(BlockLayout layout, long words, int chunk, int group) {
    int bits = Memory.getInt(words + layout.base(chunk)) >> 16;
    return base(layout, bits)
        * (layout.large()
            ? (byte)
                (Memory.getInt(words + layout.offsetFactor(chunk, group))
                    >> layout.factorShift(chunk, group))
            : 1);
  }

  private static float base(BlockLayout layout, int bits) {
    return layout.powers() ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat((short) bits);
  }

  private static int code(BlockLayout layout, long words, int i) {
    int low = layout.lowBits();
    int high = layout.highBits();
    int bits = Memory.getInt(words + (i * low / 32) * layout.rowBytes()) >>> i * low % 32;
    int code = bits & (1 << low) - 1;
    if (high > 0) {
      long upper = words + (low + i * high / 32) * layout.rowBytes();
      code |= (Memory.getInt(upper) >>> i * high % 32 & (1 << high) - 1) << low;
    }
    int unused = 32 - low - high;
    return code << unused >> unused & layout.mask();
  }
}
