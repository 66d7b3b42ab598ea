package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;
import static dev.heddle.cpu.Vectors.zero;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.heddle.op.DynamicQuantize;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link QuantizeKernels} with the Vector API. */
final class VectorQuantize implements QuantizeKernels {
  /**
   * Adding it and taking it off rounds numbers below 2^22 to whole ones, ties to even: float32 has
   * no fractions from 2^23 on.
   */
  private static final float ROUND = 0x1.8p23f;

  /** The passes over a block; objects for the reason that {@link Vectors} gives. */
  private enum Pass {
    /** The least element, if it is below 0. */
    LOW {
      @Override
      float run(long x, long y, int count, float scale, float zero, float factor) {
        FloatVector low = zero();
        for (int i = 0; i < count; i += LANES) {
          FloatVector v = load(x + 4L * i, Vectors.first(count - i));
          low = low.blend(v, v.compare(LT, low));
        }
        return low.reduceLanes(VectorOperators.MIN);
      }
    },

    /** The greatest element, if it is above 0. */
    HIGH {
      @Override
      float run(long x, long y, int count, float scale, float zero, float factor) {
        FloatVector high = zero();
        for (int i = 0; i < count; i += LANES) {
          FloatVector v = load(x + 4L * i, Vectors.first(count - i));
          high = high.blend(v, v.compare(GT, high));
        }
        return Vectors.max(high);
      }
    },

    /** {@code y = code * factor}. */
    CODE {
      @Override
      float run(long x, long y, int count, float scale, float zero, float factor) {
        for (int i = 0; i < count; i += LANES) {
          VectorMask<Float> mask = Vectors.first(count - i);
          FloatVector whole = load(x + 4L * i, mask).div(scale).add(ROUND).sub(ROUND);
          FloatVector level = whole.add(zero);
          FloatVector above = level.blend(0f, level.compare(LT, 0f));
          FloatVector within =
              above.blend(
                  DynamicQuantize.LEVELS, above.compare(GT, (float) DynamicQuantize.LEVELS));
          store(y + 4L * i, within.sub(zero).mul(factor), mask);
        }
        return 0;
      }
    };

    abstract float run(long x, long y, int count, float scale, float zero, float factor);
  }

  /** The one place that passes are called from. */
  private static float run(
      Pass pass, long x, long y, int count, float scale, float zero, float factor) {
    return pass.run(x, y, count, scale, zero, factor);
  }

  @Override
  public float low(long x, int count) {
    return run(Pass.LOW, x, 0, count, 0, 0, 0);
  }

  @Override
  public float high(long x, int count) {
    return run(Pass.HIGH, x, 0, count, 0, 0, 0);
  }

  @Override
  public void codes(long x, long y, int count, float scale, float zero, float factor) {
    run(Pass.CODE, x, y, count, scale, zero, factor);
  }
}
