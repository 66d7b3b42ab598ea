package dev.heddle.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What the bytes of block-quantised types mean: the one definition that files, the reference
 * interpreter and backends share. It is ggml's ({@code ggml-quants.c}), bit for bit.
 *
 * <p>All types have one shape. A block is cut into groups of {@link #group} neighbours; element i
 * is {@code scale * code + offset} of its group's scale and offset, the product rounded to float32
 * before the sum is, where the type has offsets at all; else {@code scale * code}. Codes are whole
 * numbers of -128 to 127. A scale is the float32 product of the block's {@link #base()} and its
 * group's {@link #factor}, a whole number of -128 to 127, an offset that of {@link #offsetBase()}
 * and {@link #offsetFactor}.
 */
public final class Blocks {
  /** The codes of {@link DType#IQ4_NL} and {@link DType#IQ4_XS}. */
  private static final byte[] NON_LINEAR = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Twice the values of OCP's E2M1; ggml knows no -0. */
  private static final byte[] E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  /** Most elements of a block. */
  private static final int LARGEST = 256;

  /** Least elements of a group, and so the most groups of a block. */
  private static final int MOST_GROUPS = LARGEST / 16;

  private final DType type;
  private final byte[] codes = new byte[LARGEST];
  private final byte[] factors = new byte[MOST_GROUPS];
  private final byte[] offsetFactors = new byte[MOST_GROUPS];
  private float base;
  private float offsetBase;

  /**
   * A reader of blocks of {@code type}; not for several threads at once.
   *
   * @throws IllegalArgumentException if it is no block-quantised type
   */
  public Blocks(DType type) {
    if (!type.isQuantized()) {
      throw new IllegalArgumentException(type + " is not stored in blocks");
    }
    this.type = type;
    Arrays.fill(factors, (byte) 1);
    Arrays.fill(offsetFactors, (byte) 1);
  }

  /** Elements that share a scale: 16 or 32. */
  public static int group(DType type) {
    return switch (type) {
      case Q2_K, Q3_K, Q6_K -> 16;
      default -> 32;
    };
  }

  /** True where groups have offsets besides their scales. */
  public static boolean hasOffsets(DType type) {
    return switch (type) {
      case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> true;
      default -> false;
    };
  }

  /**
   * What the 4-bit codes of {@code type} stand for, 16 of them, where they are no numbers
   * themselves; else null.
   */
  public static byte[] table(DType type) {
    return switch (type) {
      case IQ4_NL, IQ4_XS -> NON_LINEAR.clone();
      case MXFP4 -> E2M1.clone();
      default -> null;
    };
  }

  /**
   * Dequantises whole blocks.
   *
   * @param from where the blocks lie, the first at {@code offset}
   * @param elements a multiple of the type's block
   * @param to given the elements as float32, from byte {@code at} on
   */
  public void dequantize(
      MemorySegment from, long offset, long elements, MemorySegment to, long at) {
    int block = type.blockElements();
    if (elements % block != 0) {
      throw new IllegalArgumentException(
          "%d elements; a block of %s has %d".formatted(elements, type, block));
    }
    int group = group(type);
    boolean shifted = hasOffsets(type);
    for (long done = 0; done < elements; done += block) {
      read(from, offset + type.bytes(done));
      for (int first = 0; first < block; first += group) {
        float scale = scale(first / group);
        float added = offset(first / group);
        for (int i = first; i < first + group; i++) {
          float value = scale * codes[i];
          to.set(JAVA_FLOAT_UNALIGNED, at + (done + i) * 4, shifted ? value + added : value);
        }
      }
    }
  }

  /** Element {@code index} of the blocks that lie in {@code from}. */
  static float element(MemorySegment from, DType type, long index) {
    Blocks blocks = new Blocks(type);
    blocks.read(from, index / type.blockElements() * type.blockBytes());
    int i = (int) (index % type.blockElements());
    float value = blocks.scale(i / group(type)) * blocks.codes[i];
    return hasOffsets(type) ? value + blocks.offset(i / group(type)) : value;
  }

  /** The code of element {@code i} of the block read last; of a table, what it stands for. */
  public int code(int i) {
    return codes[i];
  }

  /** The scale of group {@code i} of the block read last. */
  public float scale(int i) {
    return base * factors[i];
  }

  /** The offset of group {@code i} of the block read last, where the type has offsets. */
  public float offset(int i) {
    return offsetBase * offsetFactors[i];
  }

  /** What all scales of the block read last are multiples of. */
  public float base() {
    return base;
  }

  /** Of {@link #base()}, how many group {@code i}'s scale is; 1 where a block is one group. */
  public int factor(int i) {
    return factors[i];
  }

  /** What all offsets of the block read last are multiples of. */
  public float offsetBase() {
    return offsetBase;
  }

  /** Of {@link #offsetBase()}, how many group {@code i}'s offset is; 0 or more. */
  public int offsetFactor(int i) {
    return offsetFactors[i];
  }

  /** Reads the block that begins at {@code at}. */
  public void read(MemorySegment from, long at) {
    switch (type) {
      case Q8_0 -> {
        base = half(from, at);
        MemorySegment.copy(from, JAVA_BYTE, at + 2, codes, 0, 32);
      }
      case Q4_0 -> {
        base = half(from, at);
        nibbles(from, at + 2, 16, 0, -8, null);
      }
      case Q4_1 -> {
        base = half(from, at);
        offsetBase = half(from, at + 2);
        nibbles(from, at + 4, 16, 0, 0, null);
      }
      case Q5_0 -> {
        base = half(from, at);
        nibbles(from, at + 6, 16, 0, -16, null);
        fifthBits(from, at + 2);
      }
      case Q5_1 -> {
        base = half(from, at);
        offsetBase = half(from, at + 2);
        nibbles(from, at + 8, 16, 0, 0, null);
        fifthBits(from, at + 4);
      }
      case Q2_K -> readQ2K(from, at);
      case Q3_K -> readQ3K(from, at);
      case Q4_K -> {
        groupsOfEight(from, at);
        for (int i = 0; i < 4; i++) {
          nibbles(from, at + 16 + 32 * i, 32, 64 * i, 0, null);
        }
      }
      case Q5_K -> {
        groupsOfEight(from, at);
        for (int i = 0; i < 4; i++) {
          nibbles(from, at + 48 + 32 * i, 32, 64 * i, 0, null);
        }
        for (int i = 0; i < 256; i++) {
          codes[i] += (byte) ((from.get(JAVA_BYTE, at + 16 + i % 32) >> i / 32 & 1) << 4);
        }
      }
      case Q6_K -> readQ6K(from, at);
      case IQ4_NL -> {
        base = half(from, at);
        nibbles(from, at + 2, 16, 0, 0, NON_LINEAR);
      }
      case IQ4_XS -> readIq4Xs(from, at);
      case MXFP4 -> {
        base = halfOfPower(from.get(JAVA_BYTE, at) & 0xff);
        nibbles(from, at + 1, 16, 0, 0, E2M1);
      }
      case BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 ->
          throw new IllegalStateException(type + " is not stored in blocks");
    }
  }

  private static float half(MemorySegment from, long at) {
    return Float.float16ToFloat(from.get(JAVA_SHORT_UNALIGNED, at));
  }

  /** 2^(exponent - 128), the scale of codes that are doubled; exact where it is subnormal, too. */
  private static float halfOfPower(int exponent) {
    return Float.intBitsToFloat(exponent < 2 ? 0x00200000 << exponent : exponent - 1 << 23);
  }

  /** {@code count} bytes: their lower halves from {@code i} on, then their upper halves. */
  private void nibbles(MemorySegment from, long at, int count, int i, int added, byte[] table) {
    for (int j = 0; j < count; j++) {
      int both = from.get(JAVA_BYTE, at + j) & 0xff;
      int low = both & 15;
      int high = both >> 4;
      codes[i + j] = (byte) (table == null ? low + added : table[low]);
      codes[i + j + count] = (byte) (table == null ? high + added : table[high]);
    }
  }

  private void fifthBits(MemorySegment from, long at) {
    for (int i = 0; i < 32; i++) {
      codes[i] += (byte) ((from.get(JAVA_BYTE, at + i / 8) >> i % 8 & 1) << 4);
    }
  }

  /** Eight groups' scales and minima of six bits each, in twelve bytes behind both factors. */
  private void groupsOfEight(MemorySegment from, long at) {
    base = half(from, at);
    offsetBase = -half(from, at + 2);
    long packed = at + 4;
    for (int i = 0; i < 8; i++) {
      int low = from.get(JAVA_BYTE, packed + (i < 4 ? i : i + 4)) & 0xff;
      int first = from.get(JAVA_BYTE, packed + i % 4) & 0xff;
      int second = from.get(JAVA_BYTE, packed + 4 + i % 4) & 0xff;
      factors[i] = (byte) (i < 4 ? first & 63 : low & 15 | first >> 6 << 4);
      offsetFactors[i] = (byte) (i < 4 ? second & 63 : low >> 4 | second >> 6 << 4);
    }
  }

  private void readQ2K(MemorySegment from, long at) {
    base = half(from, at + 80);
    offsetBase = -half(from, at + 82);
    for (int i = 0; i < 16; i++) {
      int both = from.get(JAVA_BYTE, at + i) & 0xff;
      factors[i] = (byte) (both & 15);
      offsetFactors[i] = (byte) (both >> 4);
    }
    twoBits(from, at + 16);
  }

  /** 64 bytes: of each 32, the lowest two bits of all, then the next two, and so on. */
  private void twoBits(MemorySegment from, long at) {
    for (int i = 0; i < 256; i++) {
      int four = from.get(JAVA_BYTE, at + i / 128 * 32 + i % 32);
      codes[i] = (byte) (four >> i % 128 / 32 * 2 & 3);
    }
  }

  private void readQ3K(MemorySegment from, long at) {
    twoBits(from, at + 32);
    for (int i = 0; i < 256; i++) {
      // A third bit that is not set takes 4 away.
      codes[i] += (byte) ((from.get(JAVA_BYTE, at + i % 32) >> i / 32 & 1) * 4 - 4);
    }
    base = half(from, at + 108);
    for (int i = 0; i < 16; i++) {
      int low = from.get(JAVA_BYTE, at + 96 + i % 8) >> i / 8 * 4 & 15;
      int high = from.get(JAVA_BYTE, at + 104 + i % 4) >> i / 4 * 2 & 3;
      factors[i] = (byte) ((low | high << 4) - 32);
    }
  }

  private void readQ6K(MemorySegment from, long at) {
    for (int i = 0; i < 256; i++) {
      int half = i / 128;
      int low = from.get(JAVA_BYTE, at + half * 64 + i % 64) >> i % 128 / 64 * 4 & 15;
      int high = from.get(JAVA_BYTE, at + 128 + half * 32 + i % 32) >> i % 128 / 32 * 2 & 3;
      codes[i] = (byte) ((low | high << 4) - 32);
    }
    base = half(from, at + 208);
    MemorySegment.copy(from, JAVA_BYTE, at + 192, factors, 0, 16);
  }

  private void readIq4Xs(MemorySegment from, long at) {
    base = half(from, at);
    int highs = from.get(JAVA_SHORT_UNALIGNED, at + 2);
    for (int i = 0; i < 8; i++) {
      int low = from.get(JAVA_BYTE, at + 4 + i / 2) >> i % 2 * 4 & 15;
      factors[i] = (byte) ((low | (highs >> 2 * i & 3) << 4) - 32);
      nibbles(from, at + 8 + 16 * i, 16, 32 * i, 0, NON_LINEAR);
    }
  }
}
