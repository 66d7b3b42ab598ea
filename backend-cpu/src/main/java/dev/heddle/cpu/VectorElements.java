package dev.heddle.cpu;

import dev.heddle.op.Binary;
import dev.heddle.op.Unary;

/** {@link ElementKernels} with the Vector API. */
final class VectorElements implements ElementKernels {
  @Override
  public void unary(Unary.Kind kind, long x, long y, int count, long scratch) {
    VectorUnary.apply(kind, x, y, count, scratch);
  }

  @Override
  public void binary(
      Binary.Kind kind, long a, int aStep, long b, int bStep, long y, int count, long scratch) {
    VectorBinary.apply(kind, a, aStep, b, bStep, y, count, scratch);
  }

  @Override
  public void widenBfloats(long x, long y, int count) {
    VectorBfloats.widen(x, y, count);
  }

  @Override
  public void narrowToBfloats(long x, long y, int count) {
    VectorBfloats.narrow(x, y, count);
  }
}
