package dev.heddle.conformance;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/** Random tensors, the same for the same name whatever ran before. None holds only zeros. */
final class Data {
  private final SplittableRandom random;

  Data(String name) {
    // FNV-1a, so that names that differ in one digit get data that differ altogether.
    long hash = 0xcbf29ce484222325L;
    for (char c : name.toCharArray()) {
      hash = (hash ^ c) * 0x100000001b3L;
    }
    this.random = new SplittableRandom(hash);
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  /** Normally distributed, mean 0 and deviation 1, no zeros. */
  HostTensor normal(DType dtype, long... shape) {
    return gaussian(dtype, 0, 1, shape);
  }

  HostTensor gaussian(DType dtype, double mean, double deviation, long... shape) {
    return floats(
        dtype,
        () -> {
          double value = random.nextGaussian();
          return mean + deviation * (Math.abs(value) < 1e-3 ? 0.5 : value);
        },
        shape);
  }

  HostTensor uniform(DType dtype, double from, double to, long... shape) {
    return floats(dtype, () -> random.nextDouble(from, to), shape);
  }

  HostTensor floats(DType dtype, DoubleSupplier values, long... shape) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(shape));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, values.getAsDouble());
    }
    return tensor;
  }

  /** I32, these values. */
  static HostTensor ints(int[] values, long... shape) {
    return HostTensor.of(values, shape);
  }

  /** The numbers below {@code count}, in any order. */
  int[] permutation(int count) {
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      int other = random.nextInt(i + 1);
      numbers[i] = numbers[other];
      numbers[other] = i;
    }
    return numbers;
  }

  /** The values given, over and over. */
  static HostTensor values(DType dtype, double[] values, long... shape) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(shape));
    for (int i = 0; i < tensor.shape().elements(); i++) {
      tensor.setDouble(i, values[i % values.length]);
    }
    return tensor;
  }

  /** Whole numbers, both ends included. */
  HostTensor integers(DType dtype, long from, long to, long... shape) {
    return integers(dtype, () -> random.nextLong(from, to + 1), shape);
  }

  HostTensor integers(DType dtype, LongSupplier values, long... shape) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(shape));
    for (long i = 0; i < tensor.shape().elements(); i++) {
      tensor.setLong(i, values.getAsLong());
    }
    return tensor;
  }

  /** Any bits an integer of this type may have. */
  HostTensor anyIntegers(DType dtype, long... shape) {
    return integers(dtype, random::nextLong, shape);
  }

  HostTensor bools(double share, long... shape) {
    return integers(DType.BOOL, () -> random.nextDouble() < share ? 1 : 0, shape);
  }

  /** Floats as {@link #normal}, integers from -100 (or 0) to 100, or BOOL. */
  HostTensor any(DType dtype, long... shape) {
    return switch (dtype) {
      case BOOL -> bools(0.5, shape);
      case U8 -> integers(dtype, 0, 255, shape);
      case I8, I16, I32, I64 -> integers(dtype, -100, 100, shape);
      case F16, BF16, F32, F64 -> normal(dtype, shape);
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4 ->
          blocks(dtype, shape);
    };
  }

  /** Blocks of any bits, but for their own scales, which make the elements some 1 in size. */
  private HostTensor blocks(DType dtype, long... shape) {
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(shape));
    MemorySegment memory = tensor.memory();
    for (long i = 0; i < memory.byteSize(); i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    int[] halves =
        switch (dtype) {
          case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
          case Q2_K -> new int[] {80, 82};
          case Q3_K -> new int[] {108};
          case Q6_K -> new int[] {208};
          case MXFP4 -> new int[0];
          default -> new int[] {0};
        };
    double size =
        switch (dtype) {
          case Q8_0, IQ4_NL -> 1.0 / 128;
          case Q2_K, Q4_1, Q5_1 -> 1.0 / 16;
          case Q4_0, Q5_0 -> 1.0 / 8;
          case Q3_K -> 1.0 / 64;
          case Q4_K, Q5_K -> 1.0 / 512;
          default -> 1.0 / 2048;
        };
    for (long at = 0; at < memory.byteSize(); at += dtype.blockBytes()) {
      for (int half : halves) {
        short bits = Float.floatToFloat16((float) (size * (0.5 + random.nextDouble())));
        memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + half, bits);
      }
      if (dtype == DType.MXFP4) {
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) (121 + random.nextInt(4)));
      }
    }
    return tensor;
  }

  /** Where sequences of these lengths begin, and the last one ends. */
  static HostTensor starts(int... lengths) {
    int[] starts = new int[lengths.length + 1];
    for (int i = 0; i < lengths.length; i++) {
      starts[i + 1] = starts[i] + lengths[i];
    }
    return HostTensor.of(starts, starts.length);
  }
}
