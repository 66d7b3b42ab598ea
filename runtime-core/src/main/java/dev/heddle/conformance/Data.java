package dev.heddle.conformance;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
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
    };
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
