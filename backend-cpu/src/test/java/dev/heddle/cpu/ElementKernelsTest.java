package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.op.Binary;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Elements;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ElementKernelsTest {
  private static final List<ElementKernels> ALL =
      List.of(new VectorElements(), new ScalarElements());

  private static final EnumSet<Unary.Kind> UNARY =
      EnumSet.complementOf(EnumSet.of(Unary.Kind.NOT, Unary.Kind.IS_NAN));

  private static final EnumSet<Binary.Kind> BINARY =
      EnumSet.complementOf(EnumSet.of(Binary.Kind.AND, Binary.Kind.OR, Binary.Kind.XOR));

  /** Counts below, at and above the multiples of every vector length. */
  private static final int[] COUNTS = {0, 1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 1003};

  private static float[] numbers(long seed, int count) {
    float[] x = Native.random(seed, count);
    for (int i = 0; i < count; i++) {
      x[i] *= i % 3 == 0 ? 20 : i % 5 == 0 ? 0.01f : 2;
    }
    if (count > 16) {
      x[11] = Float.NaN;
      x[12] = 0;
      x[13] = Float.POSITIVE_INFINITY;
      x[14] = -2.5f;
    }
    return x;
  }

  @Test
  void everyUnaryFunctionAgreesWithTheOracleForEveryCount() {
    for (ElementKernels kernels : ALL) {
      for (Unary.Kind kind : UNARY) {
        for (int count : COUNTS) {
          float[] x = numbers(count, count);
          float[] expected =
              Oracle.run(new Unary(kind), 1, HostTensor.of(x, count)).getFirst().toFloats();
          try (Native memory = new Native()) {
            long from = memory.of(x);
            long to = memory.floats(count);
            long scratch = memory.floats(ElementKernels.SCRATCH / Float.BYTES);
            kernels.unary(kind, from, to, count, scratch);
            String what = kernels.getClass().getSimpleName() + " " + kind + " of " + count;
            Oracle.assertClose(what, expected, Native.read(to, count), 4e-7);
            kernels.unary(kind, from, from, count, scratch);
            assertArrayEquals(Native.read(to, count), Native.read(from, count), what);
          }
        }
      }
    }
  }

  @Test
  void everyBinaryFunctionAgreesWithTheOracleForEveryBroadcast() {
    int[][] steps = {{1, 1}, {1, 0}, {0, 1}, {0, 0}};
    for (ElementKernels kernels : ALL) {
      for (Binary.Kind kind : BINARY) {
        for (int count : COUNTS) {
          for (int[] step : steps) {
            check(kernels, kind, count, step[0], step[1]);
          }
        }
      }
    }
  }

  private static void check(ElementKernels kernels, Binary.Kind kind, int count, int a, int b) {
    float[] left = numbers(count + 1, a == 0 ? 1 : count);
    float[] right = numbers(count + 2, b == 0 ? 1 : count);
    float[] expected =
        Oracle.run(
                new Binary(kind),
                1,
                HostTensor.of(spread(left, count), count),
                HostTensor.of(spread(right, count), count))
            .getFirst()
            .toFloats();
    try (Native memory = new Native()) {
      long y = memory.floats(count);
      long scratch = memory.floats(ElementKernels.SCRATCH / Float.BYTES);
      kernels.binary(kind, memory.of(left), a, memory.of(right), b, y, count, scratch);
      String what = kernels.getClass().getSimpleName() + " " + kind + " of " + count;
      Oracle.assertClose(what, expected, Native.read(y, count), 2e-7);
    }
  }

  private static float[] spread(float[] values, int count) {
    float[] spread = Arrays.copyOf(values, count);
    if (values.length == 1) {
      Arrays.fill(spread, values[0]);
    }
    return spread;
  }

  @Test
  void anElementsBitsDoNotDependOnItsPlace() {
    ElementKernels kernels = new VectorElements();
    int count = 35;
    for (Unary.Kind kind : UNARY) {
      try (Native memory = new Native()) {
        float[] x = new float[count];
        Arrays.fill(x, 1.2345f);
        long y = memory.floats(count);
        long scratch = memory.floats(ElementKernels.SCRATCH / Float.BYTES);
        kernels.unary(kind, memory.of(x), y, count, scratch);
        for (int i = 1; i < count; i++) {
          assertEquals(Memory.getInt(y), Memory.getInt(y + 4L * i), kind + " at " + i);
        }
      }
    }
  }

  @Test
  void functionsWithoutAFloatResultAreRefused() {
    for (ElementKernels kernels : ALL) {
      try (Native memory = new Native()) {
        long x = memory.floats(1);
        long scratch = memory.floats(ElementKernels.SCRATCH / Float.BYTES);
        assertThrows(
            IllegalArgumentException.class, () -> kernels.unary(Unary.Kind.NOT, x, x, 1, scratch));
      }
    }
  }

  /** Every bf16 number, and float32 numbers that lie on both sides of those and between two. */
  @Test
  void castsOfBfloatsAreTheOracles() {
    int halves = 1 << 16;
    float[] wide = new float[4 * halves];
    short[] narrow = new short[wide.length];
    for (int i = 0; i < wide.length; i++) {
      int below = new int[] {0, 0x7fff, 0x8000, 0x8001}[i % 4];
      wide[i] = Float.intBitsToFloat(i / 4 << 16 | below);
      narrow[i] = Elements.floatToBfloat16(wide[i]);
    }
    for (ElementKernels kernels : ALL) {
      for (int count : new int[] {1, 17, wide.length - 1}) {
        try (Native memory = new Native()) {
          long from = memory.of(wide);
          long to = memory.floats(count);
          kernels.narrowToBfloats(from, to, count);
          for (int i = 0; i < count; i++) {
            assertEquals(narrow[i], Memory.getShort(to + 2L * i), "narrow " + wide[i]);
          }
          long again = memory.floats(count);
          kernels.widenBfloats(to, again, count);
          for (int i = 0; i < count; i++) {
            assertEquals(narrow[i] << 16, Memory.getInt(again + 4L * i), "wide " + narrow[i]);
          }
        }
      }
    }
  }
}
