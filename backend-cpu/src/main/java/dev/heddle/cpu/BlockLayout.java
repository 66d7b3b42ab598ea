package dev.heddle.cpu;

import dev.heddle.tensor.Blocks;
import dev.heddle.tensor.DType;

/**
 * How a block-quantised matrix B {@code [n, k]} lies in panels of {@link MatMulTiles#width()} of
 * its rows: the same codes and scales as in a file, turned so that a vector of 32-bit words holds
 * one word of each row.
 *
 * <p>A panel is a row of words after the other, {@code width} words in each. First the bases: of a
 * large block {@code scale | offset << 16}; of a small one the same where the type has offsets,
 * else the scales of two neighbours. Then, of large blocks, the groups' factors, four to a word,
 * and those of the offsets. Then, for each 32 elements of k, called a chunk, the codes' lower bits
 * and then their upper ones, element after element from a word's lowest bits on.
 *
 * <p>Bases are binary16, or, where {@link #powers()}, the upper half of a float32.
 *
 * @param lowBits 2, 4 or 8
 * @param highBits 0, 1 or 2
 * @param signed whether a code's bits, all together, are a two's complement
 */
record BlockLayout(DType type, int k, int width, int lowBits, int highBits, boolean signed) {
  /** Elements of k that are decoded at a time. */
  static final int CHUNK = 32;

  /** Chunks of a large block. */
  private static final int LARGE = 8;

  static BlockLayout of(DType type, int k, int width) {
    return switch (type) {
      case Q8_0 -> new BlockLayout(type, k, width, 8, 0, true);
      case Q4_0 -> new BlockLayout(type, k, width, 4, 0, true);
      case Q4_1, Q4_K, IQ4_NL, IQ4_XS, MXFP4 -> new BlockLayout(type, k, width, 4, 0, false);
      case Q5_0 -> new BlockLayout(type, k, width, 4, 1, true);
      case Q5_1, Q5_K -> new BlockLayout(type, k, width, 4, 1, false);
      case Q6_K -> new BlockLayout(type, k, width, 4, 2, true);
      case Q2_K -> new BlockLayout(type, k, width, 2, 0, false);
      case Q3_K -> new BlockLayout(type, k, width, 2, 1, true);
      case BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 ->
          throw new IllegalArgumentException(type + " is not stored in blocks");
    };
  }

  /** The bits of a code that count: all, of a signed one, as its sign is spread over the upper. */
  int mask() {
    return signed ? -1 : (1 << lowBits + highBits) - 1;
  }

  boolean offsets() {
    return Blocks.hasOffsets(type);
  }

  /** True where blocks are of several groups. */
  boolean large() {
    return type.blockElements() > CHUNK;
  }

  /** True where bases are powers of two, beyond binary16's. */
  boolean powers() {
    return type == DType.MXFP4;
  }

  /** Groups of a chunk: 1 or 2. */
  int groups() {
    return CHUNK / Blocks.group(type);
  }

  private int chunks() {
    return k / CHUNK;
  }

  private int baseRows() {
    return large() ? chunks() / LARGE : offsets() ? chunks() : Math.ceilDiv(chunks(), 2);
  }

  private int factorRows() {
    return large() ? chunks() * groups() / 4 : 0;
  }

  /** Bytes of a row of words. */
  long rowBytes() {
    return (long) width * Integer.BYTES;
  }

  long panelBytes() {
    int rows = baseRows() + factorRows() * (offsets() ? 2 : 1) + chunks() * (lowBits + highBits);
    return rows * rowBytes();
  }

  /** Where in a panel the words with a chunk's base lie. */
  long base(int chunk) {
    return (large() ? chunk / LARGE : offsets() ? chunk : chunk / 2) * rowBytes();
  }

  /** Where in such a word the scale's base begins. */
  int baseShift(int chunk) {
    return large() || offsets() ? 0 : chunk % 2 * 16;
  }

  /** Where in a panel the words with the factor of a chunk's group lie, if blocks are large. */
  long factor(int chunk, int group) {
    return (baseRows() + (chunk * groups() + group) / 4) * rowBytes();
  }

  /** Where in a panel the words with the factor of its offset lie. */
  long offsetFactor(int chunk, int group) {
    return factor(chunk, group) + factorRows() * rowBytes();
  }

  /** Where in such a word the factor begins. */
  int factorShift(int chunk, int group) {
    return (chunk * groups() + group) % 4 * 8;
  }

  /** Where in a panel the lower bits of a chunk's codes lie; the upper ones follow. */
  long codes(int chunk) {
    int before = baseRows() + factorRows() * (offsets() ? 2 : 1);
    return (before + (long) chunk * (lowBits + highBits)) * rowBytes();
  }
}
