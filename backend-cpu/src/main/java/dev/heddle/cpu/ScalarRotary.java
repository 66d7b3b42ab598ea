package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.putFloat;

/** {@link RotaryKernel} without the Vector API. */
final class ScalarRotary {
  private ScalarRotary() {}

  static void turn(boolean interleaved, long x, long y, long cos, long sin, int pairs) {
    turn(interleaved, x, y, cos, sin, 0, pairs);
  }

  /** The pairs from {@code first} on. */
  static void turn(boolean interleaved, long x, long y, long cos, long sin, int first, int pairs) {
    long step = interleaved ? 8 : 4;
    long apart = interleaved ? 4 : 4L * pairs;
    for (int i = first; i < pairs; i++) {
      float c = getFloat(cos + 4L * i);
      float s = getFloat(sin + 4L * i);
      float a = getFloat(x + i * step);
      float b = getFloat(x + i * step + apart);
      putFloat(y + i * step, Math.fma(-b, s, a * c));
      putFloat(y + i * step + apart, Math.fma(a, s, b * c));
    }
  }
}
