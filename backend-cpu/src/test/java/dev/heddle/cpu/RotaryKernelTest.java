package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class RotaryKernelTest {
  @Test
  void vectorsTurnEveryNumberOfPairsAsScalarsDoBitByBit() {
    for (int pairs = 0; pairs < 70; pairs++) {
      for (boolean interleaved : new boolean[] {false, true}) {
        try (Native memory = new Native()) {
          long x = memory.of(Native.random(pairs, 2 * pairs));
          long cos = memory.of(Native.random(100 + pairs, pairs));
          long sin = memory.of(Native.random(200 + pairs, pairs));
          long scalars = memory.floats(2 * pairs);
          long vectors = memory.floats(2 * pairs);
          ScalarRotary.turn(interleaved, x, scalars, cos, sin, pairs);
          VectorRotary.turn(interleaved, x, vectors, cos, sin, pairs);
          String what = pairs + " pairs, interleaved " + interleaved;
          float[] expected = Native.read(scalars, 2 * pairs);
          assertArrayEquals(expected, Native.read(vectors, 2 * pairs), what);
          VectorRotary.turn(interleaved, x, x, cos, sin, pairs);
          assertArrayEquals(expected, Native.read(x, 2 * pairs), what + ", in place");
        }
      }
    }
  }

  @Test
  void aPairIsTurnedByItsAngle() {
    try (Native memory = new Native()) {
      long y = memory.floats(4);
      long cos = memory.of(0.6f, 0);
      long sin = memory.of(0.8f, 1);
      ScalarRotary.turn(true, memory.of(1, 0, 2, 3), y, cos, sin, 2);
      assertArrayEquals(new float[] {0.6f, 0.8f, -3, 2}, Native.read(y, 4));
      ScalarRotary.turn(false, memory.of(1, 2, 0, 3), y, cos, sin, 2);
      assertArrayEquals(new float[] {0.6f, -3, 0.8f, 2}, Native.read(y, 4));
    }
  }
}
