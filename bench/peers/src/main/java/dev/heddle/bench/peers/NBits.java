package dev.heddle.bench.peers;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Weights of Q4_0 or Q8_0 as ONNX Runtime's {@code MatMulNBits} has them: the same numbers.
 *
 * @param codes U8 {@code [n, k / 32, bytes]}: unsigned, two of 4 bits a byte, the first one low
 * @param scales F32 {@code [n * k / 32]}
 */
record NBits(HostTensor codes, HostTensor scales) implements AutoCloseable {
  static final int BLOCK = 32;

  /** Bytes of a scale, before a block's codes. */
  private static final int SCALE = 2;

  static NBits of(HostTensor weights, int bits) {
    long n = weights.shape().dim(0);
    long blocks = weights.shape().dim(1) / BLOCK;
    int bytes = BLOCK * bits / 8;
    HostTensor codes = HostTensor.allocate(DType.U8, Shape.of(n, blocks, bytes));
    HostTensor scales = HostTensor.allocate(DType.F32, Shape.of(n * blocks));
    MemorySegment from = weights.memory();
    MemorySegment to = codes.memory();
    for (long block = 0; block < n * blocks; block++) {
      long at = block * (SCALE + bytes);
      short scale = from.get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
      scales.setDouble(block, Float.float16ToFloat(scale));
      for (int i = 0; i < bytes; i++) {
        to.set(ValueLayout.JAVA_BYTE, block * bytes + i, code(from, at + SCALE, i, bits));
      }
    }
    return new NBits(codes, scales);
  }

  @Override
  public void close() {
    codes.close();
    scales.close();
  }

  /** ggml has an element and the one 16 behind it in a byte, here it is two neighbours. */
  private static byte code(MemorySegment from, long at, int i, int bits) {
    if (bits == 8) {
      return (byte) (from.get(ValueLayout.JAVA_BYTE, at + i) + 128);
    }
    return (byte) (nibble(from, at, 2 * i) | nibble(from, at, 2 * i + 1) << 4);
  }

  private static int nibble(MemorySegment from, long at, int element) {
    int pair = from.get(ValueLayout.JAVA_BYTE, at + element % 16);
    return element < 16 ? pair & 15 : pair >> 4 & 15;
  }
}
