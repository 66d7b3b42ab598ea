package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.getFloat;
import static dev.heddle.cpu.Memory.putFloat;

import dev.heddle.op.Binary;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Elements;

/** {@link ElementKernels} without the Vector API. */
final class ScalarElements implements ElementKernels {
  @Override
  public void unary(Unary.Kind kind, long x, long y, int count, long scratch) {
    apply(kind, x, y, count);
  }

  @Override
  public void binary(
      Binary.Kind kind, long a, int aStep, long b, int bStep, long y, int count, long scratch) {
    apply(kind, a, aStep, b, bStep, y, count);
  }

  static void apply(Unary.Kind kind, long x, long y, long count) {
    for (long i = 0; i < count; i++) {
      putFloat(y + 4 * i, ScalarMath.apply(kind, getFloat(x + 4 * i)));
    }
  }

  static void apply(Binary.Kind kind, long a, int aStep, long b, int bStep, long y, long count) {
    for (long i = 0; i < count; i++) {
      float left = getFloat(a + 4 * i * aStep);
      putFloat(y + 4 * i, ScalarMath.apply(kind, left, getFloat(b + 4 * i * bStep)));
    }
  }

  @Override
  public void widenBfloats(long x, long y, int count) {
    bfloatsToFloats(x, y, count);
  }

  @Override
  public void narrowToBfloats(long x, long y, int count) {
    floatsToBfloats(x, y, count);
  }

  static void bfloatsToFloats(long x, long y, long count) {
    for (long i = 0; i < count; i++) {
      Memory.putInt(y + 4 * i, Memory.getShort(x + 2 * i) << Short.SIZE);
    }
  }

  static void floatsToBfloats(long x, long y, long count) {
    for (long i = 0; i < count; i++) {
      Memory.putShort(y + 2 * i, Elements.floatToBfloat16(getFloat(x + 4 * i)));
    }
  }
}
