package dev.heddle.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Makes blocks of float32 numbers: each rounded to the nearest code of its group. {@link Blocks}
 * reads them.
 *
 * <p>The scales of Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 are those of ggml's reference quantiser, which
 * span the block, and so are the bytes. Those of the other types are fitted ({@link GroupFit}), in
 * ggml's way but for its weights: here the squared error is what is made small. Numbers that are
 * not finite have no code.
 */
public final class Quantizer {
  private static final byte[] NON_LINEAR = Blocks.table(DType.IQ4_NL);
  private static final byte[] E2M1 = Blocks.table(DType.MXFP4);

  private final DType type;
  private final int[] codes = new int[256];
  private final float[] scales = new float[16];
  private final float[] minima = new float[16];
  private final int[] factors = new int[16];
  private final int[] minimumFactors = new int[16];
  private final GroupFit fit = new GroupFit();
  private MemorySegment to;
  private long out;

  /**
   * A maker of blocks of {@code type}; not for several threads at once.
   *
   * @throws IllegalArgumentException if it is no block-quantised type
   */
  public Quantizer(DType type) {
    if (!type.isQuantized()) {
      throw new IllegalArgumentException(type + " is not stored in blocks");
    }
    this.type = type;
  }

  /**
   * Quantises whole blocks.
   *
   * @param x the numbers, {@code elements} of them from {@code at} on
   * @param elements a multiple of the type's block
   * @param target given the blocks, from byte {@code offset} on
   * @throws IllegalArgumentException if a number is not finite
   */
  public void quantize(float[] x, int at, int elements, MemorySegment target, long offset) {
    int block = type.blockElements();
    if (elements % block != 0) {
      throw new IllegalArgumentException(
          "%d elements; a block of %s has %d".formatted(elements, type, block));
    }
    for (int i = at; i < at + elements; i++) {
      if (!Float.isFinite(x[i])) {
        throw new IllegalArgumentException(
            "element %d is %s; only finite numbers can be quantised".formatted(i - at, x[i]));
      }
    }
    to = target;
    for (int done = 0; done < elements; done += block) {
      out = offset + type.bytes(done);
      block(x, at + done);
    }
    to = null;
  }

  private void block(float[] x, int at) {
    switch (type) {
      case Q8_0 -> {
        float scale = Math.abs(GroupFit.extreme(x, at, 32)) / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        half(0, scale);
        for (int i = 0; i < 32; i++) {
          float code = x[at + i] * inverse;
          put(2 + i, (int) (code + Math.copySign(0.5f, code)));
        }
      }
      case Q4_0 -> {
        spanned(x, at, 8);
        nibbles(2, 16, 0);
      }
      case Q5_0 -> {
        spanned(x, at, 16);
        fifthBits(2);
        nibbles(6, 16, 0);
      }
      case Q4_1 -> {
        spannedFromLeast(x, at, 15);
        nibbles(4, 16, 0);
      }
      case Q5_1 -> {
        spannedFromLeast(x, at, 31);
        fifthBits(4);
        nibbles(8, 16, 0);
      }
      case Q2_K -> {
        affine(x, at, 3, 15, 80);
        for (int i = 0; i < 16; i++) {
          put(i, factors[i] | minimumFactors[i] << 4);
        }
        twoBits(16);
      }
      case Q4_K -> {
        affine(x, at, 15, 63, 0);
        sixBits();
        largeNibbles(16);
      }
      case Q5_K -> {
        affine(x, at, 31, 63, 0);
        sixBits();
        for (int i = 0; i < 32; i++) {
          int bits = 0;
          for (int j = 0; j < 8; j++) {
            bits |= codes[32 * j + i] >> 4 << j;
          }
          put(16 + i, bits);
        }
        largeNibbles(48);
      }
      case Q3_K -> q3(x, at);
      case Q6_K -> q6(x, at);
      case IQ4_NL -> {
        fit.table(x, at, 32, NON_LINEAR);
        nonLinear(x, at, 32, half(0, fit.scale()), 0);
        nibbles(2, 16, 0);
      }
      case IQ4_XS -> nonLinearLarge(x, at);
      case MXFP4 -> e2m1(x, at);
      case BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64 ->
          throw new IllegalStateException(type + " is not stored in blocks");
    }
  }

  // Bytes.

  private void put(int at, int value) {
    to.set(JAVA_BYTE, out + at, (byte) value);
  }

  /** Stores a scale and gives what it then is. */
  private float half(int at, float value) {
    short bits = Float.floatToFloat16(value);
    to.set(JAVA_SHORT_UNALIGNED, out + at, bits);
    return Float.float16ToFloat(bits);
  }

  /** Twice {@code count} codes from {@code first} on: lower halves, then upper ones. */
  private void nibbles(int at, int count, int first) {
    for (int i = 0; i < count; i++) {
      put(at + i, codes[first + i] & 15 | (codes[first + count + i] & 15) << 4);
    }
  }

  private void largeNibbles(int at) {
    for (int i = 0; i < 4; i++) {
      nibbles(at + 32 * i, 32, 64 * i);
    }
  }

  private void fifthBits(int at) {
    for (int i = 0; i < 4; i++) {
      int bits = 0;
      for (int j = 0; j < 8; j++) {
        bits |= codes[8 * i + j] >> 4 << j;
      }
      put(at + i, bits);
    }
  }

  private void twoBits(int at) {
    for (int i = 0; i < 64; i++) {
      int first = i / 32 * 128 + i % 32;
      int bits = 0;
      for (int j = 0; j < 4; j++) {
        bits |= (codes[first + 32 * j] & 3) << 2 * j;
      }
      put(at + i, bits);
    }
  }

  /** Eight factors and eight of minima, of six bits each, in twelve bytes behind both scales. */
  private void sixBits() {
    for (int i = 0; i < 4; i++) {
      put(4 + i, factors[i] | factors[i + 4] >> 4 << 6);
      put(8 + i, minimumFactors[i] | minimumFactors[i + 4] >> 4 << 6);
      put(12 + i, factors[i + 4] & 15 | (minimumFactors[i + 4] & 15) << 4);
    }
  }

  // Small blocks.

  /** Codes of 0 to {@code 2 * most - 1}, of which 0 stands for the number furthest from 0. */
  private void spanned(float[] x, int at, int most) {
    float scale = GroupFit.extreme(x, at, 32) / -most;
    float inverse = scale == 0 ? 0 : 1 / scale;
    half(0, scale);
    for (int i = 0; i < 32; i++) {
      codes[i] = Math.min(2 * most - 1, (int) (x[at + i] * inverse + most + 0.5f));
    }
  }

  private void spannedFromLeast(float[] x, int at, int most) {
    float least = x[at];
    float greatest = x[at];
    for (int i = at; i < at + 32; i++) {
      least = Math.min(least, x[i]);
      greatest = Math.max(greatest, x[i]);
    }
    float scale = (greatest - least) / most;
    float inverse = scale == 0 ? 0 : 1 / scale;
    half(0, scale);
    half(2, least);
    for (int i = 0; i < 32; i++) {
      codes[i] = Math.min(most, (int) ((x[at + i] - least) * inverse + 0.5f));
    }
  }

  private void nonLinear(float[] x, int at, int count, float scale, int first) {
    float inverse = scale == 0 ? 0 : 1 / scale;
    for (int i = 0; i < count; i++) {
      codes[first + i] = GroupFit.nearest(NON_LINEAR, x[at + i] * inverse);
    }
  }

  /** As OCP's microscaling formats have it, the scale being the power of two below the greatest. */
  private void e2m1(float[] x, int at) {
    float extreme = Math.abs(GroupFit.extreme(x, at, 32));
    int exponent = extreme == 0 ? 0 : Math.clamp(Math.getExponent(extreme) - 2 + 127, 0, 254);
    put(0, exponent);
    double scale = Math.scalb(1.0, exponent - 128);
    for (int i = 0; i < 32; i++) {
      double scaled = Math.abs(x[at + i]) / scale;
      int code = 0;
      while (code < 7 && scaled - E2M1[code] > E2M1[code + 1] - scaled) {
        code++;
      }
      codes[i] = code == 0 || x[at + i] > 0 ? code : code | 8;
    }
    nibbles(1, 16, 0);
  }

  // Large blocks.

  /** Fits groups with minima; both scales go to {@code at} and behind it. */
  private void affine(float[] x, int first, int most, int mostFactor, int at) {
    int group = Blocks.group(type);
    int groups = 256 / group;
    float largestScale = 0;
    float largestMinimum = 0;
    for (int i = 0; i < groups; i++) {
      fit.affine(x, first + i * group, group, most);
      scales[i] = fit.scale();
      minima[i] = fit.minimum();
      largestScale = Math.max(largestScale, scales[i]);
      largestMinimum = Math.max(largestMinimum, minima[i]);
    }
    float scale = half(at, largestScale / mostFactor);
    float minimum = half(at + 2, largestMinimum / mostFactor);
    for (int i = 0; i < groups; i++) {
      factors[i] = factor(scales[i], scale, 0, mostFactor);
      minimumFactors[i] = factor(minima[i], minimum, 0, mostFactor);
      float step = scale * factors[i];
      float less = minimum * minimumFactors[i];
      float inverse = step == 0 ? 0 : 1 / step;
      for (int j = i * group; j < (i + 1) * group; j++) {
        codes[j] = Math.clamp(Math.round((x[first + j] + less) * inverse), 0, most);
      }
    }
  }

  private static int factor(float scale, float base, int least, int most) {
    return base == 0 ? 0 : Math.clamp(Math.round(scale / base), least, most);
  }

  /** The block's scale from its groups', of which the furthest from 0 has the least factor. */
  private float base(int groups, int most, int at) {
    return half(at, GroupFit.extreme(scales, 0, groups) / -most);
  }

  private void symmetric(float[] x, int first, int most, int mostFactor, int at) {
    for (int i = 0; i < 16; i++) {
      fit.symmetric(x, first + 16 * i, 16, most);
      scales[i] = fit.scale();
    }
    float base = base(16, mostFactor, at);
    for (int i = 0; i < 16; i++) {
      factors[i] = factor(scales[i], base, -mostFactor, mostFactor - 1);
      float step = base * factors[i];
      float inverse = step == 0 ? 0 : 1 / step;
      for (int j = 16 * i; j < 16 * i + 16; j++) {
        codes[j] = most + Math.clamp(Math.round(x[first + j] * inverse), -most, most - 1);
      }
    }
  }

  private void q3(float[] x, int at) {
    symmetric(x, at, 4, 32, 108);
    for (int i = 0; i < 32; i++) {
      int bits = 0;
      for (int j = 0; j < 8; j++) {
        bits |= codes[32 * j + i] >> 2 << j;
      }
      put(i, bits);
    }
    twoBits(32);
    for (int i = 0; i < 8; i++) {
      put(96 + i, factors[i] + 32 & 15 | (factors[i + 8] + 32 & 15) << 4);
    }
    for (int i = 0; i < 4; i++) {
      int bits = 0;
      for (int j = 0; j < 4; j++) {
        bits |= factors[i + 4 * j] + 32 >> 4 << 2 * j;
      }
      put(104 + i, bits);
    }
  }

  private void q6(float[] x, int at) {
    symmetric(x, at, 32, 128, 208);
    for (int half = 0; half < 2; half++) {
      for (int i = 0; i < 64; i++) {
        int first = 128 * half + i;
        put(64 * half + i, codes[first] & 15 | (codes[first + 64] & 15) << 4);
      }
      for (int i = 0; i < 32; i++) {
        int bits = 0;
        for (int j = 0; j < 4; j++) {
          bits |= codes[128 * half + 32 * j + i] >> 4 << 2 * j;
        }
        put(128 + 32 * half + i, bits);
      }
    }
    for (int i = 0; i < 16; i++) {
      put(192 + i, factors[i]);
    }
  }

  private void nonLinearLarge(float[] x, int at) {
    Arrays.fill(scales, 0);
    for (int i = 0; i < 8; i++) {
      fit.table(x, at + 32 * i, 32, NON_LINEAR);
      scales[i] = fit.scale();
    }
    float base = base(8, 32, 0);
    int highs = 0;
    for (int i = 0; i < 8; i++) {
      int factor = factor(scales[i], base, -32, 31);
      nonLinear(x, at + 32 * i, 32, base * factor, 32 * i);
      nibbles(8 + 16 * i, 16, 32 * i);
      factors[i] = factor + 32;
      highs |= factors[i] >> 4 << 2 * i;
    }
    to.set(JAVA_SHORT_UNALIGNED, out + 2, (short) highs);
    for (int i = 0; i < 4; i++) {
      put(4 + i, factors[2 * i] & 15 | (factors[2 * i + 1] & 15) << 4);
    }
  }
}
