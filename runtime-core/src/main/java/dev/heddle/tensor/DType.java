package dev.heddle.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The type of a tensor's elements, as they are stored.
 *
 * <p>Values are little-endian in memory and in files. {@link #F16} is IEEE 754 binary16; {@link
 * #BF16} is the upper half of an IEEE 754 binary32; {@link #BOOL} is one byte, 0 or 1.
 *
 * <p>Those from {@link #Q8_0} on are ggml's block-quantised types, under its names: {@link
 * #blockElements()} neighbours of a row share {@link #blockBytes()} bytes, whose meaning {@link
 * Blocks} defines. They are for weights: {@link dev.heddle.op.MatMul}, {@link dev.heddle.op.Gather}
 * and {@link dev.heddle.op.Cast} read them; and for caches of keys and values, which {@link
 * dev.heddle.op.CacheWrite} writes.
 */
public enum DType {
  BOOL(1, Family.BOOL),
  U8(1, Family.INTEGER),
  I8(1, Family.INTEGER),
  I16(2, Family.INTEGER),
  I32(4, Family.INTEGER),
  I64(8, Family.INTEGER),
  F16(2, Family.FLOAT),
  BF16(2, Family.FLOAT),
  F32(4, Family.FLOAT),
  F64(8, Family.FLOAT),
  Q8_0(32, 34),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q5_0(32, 22),
  Q5_1(32, 24),
  Q2_K(256, 84),
  Q3_K(256, 110),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210),
  IQ4_NL(32, 18),
  IQ4_XS(256, 136),
  MXFP4(32, 17);

  private enum Family {
    BOOL,
    INTEGER,
    FLOAT,
    BLOCKS
  }

  private static final List<DType> SCALARS =
      Arrays.stream(values()).filter(type -> !type.isQuantized()).toList();
  private static final List<DType> QUANTIZED =
      Arrays.stream(values()).filter(DType::isQuantized).toList();

  private final int blockElements;
  private final int blockBytes;
  private final Family family;

  DType(int bytes, Family family) {
    this.blockElements = 1;
    this.blockBytes = bytes;
    this.family = family;
  }

  DType(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
    this.family = Family.BLOCKS;
  }

  /** The types whose elements each have bytes of their own: all but the block-quantised ones. */
  public static List<DType> scalars() {
    return SCALARS;
  }

  /** The block-quantised types. */
  public static List<DType> quantized() {
    return QUANTIZED;
  }

  /**
   * Size of one element in bytes.
   *
   * @throws UnsupportedOperationException for a block-quantised type, whose elements have none of
   *     their own; {@link #bytes(long)} tells what many take
   */
  public int bytes() {
    if (isQuantized()) {
      throw new UnsupportedOperationException(
          "an element of %s has no bytes of its own: %d take %d"
              .formatted(this, blockElements, blockBytes));
    }
    return blockBytes;
  }

  /**
   * Size of {@code elements} elements in bytes: whole blocks.
   *
   * @throws ArithmeticException if it is 2^63 or more
   */
  public long bytes(long elements) {
    return Math.multiplyExact(Math.ceilDiv(elements, blockElements), (long) blockBytes);
  }

  /** Elements that share one block; 1 where each has bytes of its own. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** True for the block-quantised types, which stand for floats but are none of them. */
  public boolean isQuantized() {
    return family == Family.BLOCKS;
  }

  /** True for F16, BF16, F32 and F64. */
  public boolean isFloat() {
    return family == Family.FLOAT;
  }

  /** True for the integer types; {@link #BOOL} is none of them. */
  public boolean isInteger() {
    return family == Family.INTEGER;
  }

  /** The lower-case name used in text, options and errors: {@code f32}, {@code i64}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
