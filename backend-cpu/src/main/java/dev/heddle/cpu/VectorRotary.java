package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.F;
import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/** {@link RotaryKernel} with the Vector API. */
final class VectorRotary {
  /** The lanes of each pair, the other way round. */
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);

  /** Each lane of the lower half twice, and of the upper half. */
  private static final VectorShuffle<Float> LOW = VectorShuffle.fromOp(F, i -> i / 2);

  private static final VectorShuffle<Float> HIGH = VectorShuffle.fromOp(F, i -> (i + LANES) / 2);

  /** -1, 1, -1, 1, ... */
  private static final FloatVector SIGN =
      FloatVector.broadcast(F, 1)
          .lanewise(VectorOperators.NEG, VectorMask.fromLong(F, 0x5555_5555_5555_5555L));

  private VectorRotary() {}

  static void turn(boolean interleaved, long x, long y, long cos, long sin, int pairs) {
    int whole = pairs / LANES * LANES;
    if (interleaved) {
      neighbours(x, y, cos, sin, whole);
    } else {
      halves(x, y, cos, sin, whole, 4L * pairs);
    }
    ScalarRotary.turn(interleaved, x, y, cos, sin, whole, pairs);
  }

  private static void halves(long x, long y, long cos, long sin, int whole, long apart) {
    for (long at = 0; at < 4L * whole; at += BYTES) {
      FloatVector c = load(cos + at);
      FloatVector s = load(sin + at);
      FloatVector a = load(x + at);
      FloatVector b = load(x + at + apart);
      store(y + at, b.neg().fma(s, a.mul(c)));
      store(y + at + apart, a.fma(s, b.mul(c)));
    }
  }

  private static void neighbours(long x, long y, long cos, long sin, int whole) {
    for (long at = 0; at < 4L * whole; at += BYTES) {
      FloatVector c = load(cos + at);
      FloatVector s = load(sin + at);
      FloatVector low = load(x + 2 * at);
      FloatVector high = load(x + 2 * at + BYTES);
      FloatVector turned = low.rearrange(SWAP).mul(SIGN);
      store(y + 2 * at, turned.fma(s.rearrange(LOW), low.mul(c.rearrange(LOW))));
      turned = high.rearrange(SWAP).mul(SIGN);
      store(y + 2 * at + BYTES, turned.fma(s.rearrange(HIGH), high.mul(c.rearrange(HIGH))));
    }
  }
}
