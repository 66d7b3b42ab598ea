package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.putFloat;

import dev.heddle.op.DynamicQuantize;

/** {@link QuantizeKernels} without the Vector API. */
final class ScalarQuantize implements QuantizeKernels {
  @Override
  public float low(long x, int count) {
    float low = 0;
    for (int i = 0; i < count; i++) {
      float v = getFloat(x + 4L * i);
      low = v < low ? v : low;
    }
    return low;
  }

  @Override
  public float high(long x, int count) {
    float high = 0;
    for (int i = 0; i < count; i++) {
      float v = getFloat(x + 4L * i);
      high = v > high ? v : high;
    }
    return high;
  }

  @Override
  public void codes(long x, long y, int count, float scale, float zero, float factor) {
    for (int i = 0; i < count; i++) {
      float level = (float) Math.rint(getFloat(x + 4L * i) / scale) + zero;
      float code = Math.clamp(level, 0f, DynamicQuantize.LEVELS) - zero;
      putFloat(y + 4L * i, code * factor);
    }
  }
}
