package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.all;
import static dev.heddle.cpu.Vectors.greater;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;
import static dev.heddle.cpu.Vectors.zero;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link SoftmaxKernels} with the Vector API. */
final class VectorSoftmax implements SoftmaxKernels {
  /** Vectors of a row that are summed before they join the row's sum. */
  private static final int BLOCK = 64;

  private static final float NONE = Float.NEGATIVE_INFINITY;

  /** The passes over a row; objects for the reason that {@link Vectors} gives. */
  private enum Pass {
    /** -infinity for a row of it, and of NaN. */
    MAX {
      @Override
      float run(long x, long y, int columns, float a, float b) {
        FloatVector max = all(NONE);
        for (int i = 0; i < columns; i += LANES) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          FloatVector v = load(x + 4L * i, mask);
          max = max.blend(v, v.compare(GT, max, mask));
        }
        return Vectors.max(max);
      }
    },

    /** Stores e^(x - max) and gives its sum. */
    EXP {
      @Override
      float run(long x, long y, int columns, float max, float b) {
        FloatVector total = zero();
        for (int i = 0; i < columns; ) {
          int end = Math.min(columns, i + BLOCK * LANES);
          FloatVector sum = zero();
          for (; i < end; i += LANES) {
            VectorMask<Float> mask = Vectors.first(columns - i);
            FloatVector e = VectorMath.expOfNonPositive(load(x + 4L * i, mask).sub(max));
            store(y + 4L * i, e, mask);
            sum = sum.add(e, mask);
          }
          total = total.add(sum);
        }
        return Vectors.sum(total);
      }
    },

    /** Gives the sum of e^(x - max). */
    SUM {
      @Override
      float run(long x, long y, int columns, float max, float b) {
        FloatVector total = zero();
        for (int i = 0; i < columns; ) {
          int end = Math.min(columns, i + BLOCK * LANES);
          FloatVector sum = zero();
          for (; i < end; i += LANES) {
            VectorMask<Float> mask = Vectors.first(columns - i);
            FloatVector e = VectorMath.expOfNonPositive(load(x + 4L * i, mask).sub(max));
            sum = sum.add(e, mask);
          }
          total = total.add(sum);
        }
        return Vectors.sum(total);
      }
    },

    SCALE {
      @Override
      float run(long x, long y, int columns, float factor, float b) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
          store(y + 4L * i, load(x + 4L * i).mul(factor));
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          store(y + 4L * i, load(x + 4L * i, mask).mul(factor), mask);
        }
        return 0;
      }
    },

    SUBTRACT {
      @Override
      float run(long x, long y, int columns, float max, float logarithm) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
          store(y + 4L * i, load(x + 4L * i).sub(max).sub(logarithm));
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          store(y + 4L * i, load(x + 4L * i, mask).sub(max).sub(logarithm), mask);
        }
        return 0;
      }
    };

    abstract float run(long x, long y, int columns, float a, float b);
  }

  /** The one place that passes are called from. */
  private static float run(Pass pass, long x, long y, int columns, float a, float b) {
    return pass.run(x, y, columns, a, b);
  }

  @Override
  public void rows(long x, long y, int columns, long firstRow, long lastRow, boolean log) {
    long bytes = (long) columns * Float.BYTES;
    for (long row = firstRow; row < lastRow; row++) {
      long from = x + row * bytes;
      long to = y + row * bytes;
      float greatest = run(Pass.MAX, from, to, columns, 0, 0);
      if (greatest == NONE) {
        fill(to, columns, log ? NONE : 0);
      } else if (log) {
        float total = run(Pass.SUM, from, to, columns, greatest, 0);
        run(Pass.SUBTRACT, from, to, columns, greatest, (float) Math.log(total));
      } else {
        float total = run(Pass.EXP, from, to, columns, greatest, 0);
        run(Pass.SCALE, to, to, columns, 1 / total, 0);
      }
    }
  }

  private static void fill(long y, int columns, float value) {
    for (int i = 0; i < columns; i++) {
      Memory.putFloat(y + 4L * i, value);
    }
  }

  @Override
  public long groups(long inner) {
    return (inner + LANES - 1) / LANES;
  }

  @Override
  public void columns(long x, long y, long extent, long inner, long first, long last, boolean log) {
    long groups = groups(inner);
    for (long group = first; group < last; group++) {
      long column = group % groups * LANES;
      long offset = (group / groups * extent * inner + column) * Float.BYTES;
      int count = (int) Math.min(LANES, inner - column);
      long stride = inner * Float.BYTES;
      if (log) {
        for (int i = 0; i < count; i++) {
          long at = offset + (long) i * Float.BYTES;
          ScalarSoftmax.line(x + at, y + at, (int) extent, stride, true);
        }
      } else {
        columns(x + offset, y + offset, (int) extent, stride, count);
      }
    }
  }

  /** A column in each of the first {@code count} lanes. */
  private static void columns(long x, long y, int extent, long stride, int count) {
    VectorMask<Float> mask = Vectors.first(count);
    FloatVector max = all(NONE);
    for (int i = 0; i < extent; i++) {
      max = greater(max, load(x + i * stride, mask));
    }
    FloatVector shift = max.blend(0f, max.compare(EQ, NONE));
    FloatVector total = zero();
    for (int i = 0; i < extent; ) {
      FloatVector sum = zero();
      for (int end = Math.min(extent, i + BLOCK); i < end; i++) {
        FloatVector e = VectorMath.expOfNonPositive(load(x + i * stride, mask).sub(shift));
        store(y + i * stride, e, mask);
        sum = sum.add(e);
      }
      total = total.add(sum);
    }
    FloatVector factor = all(1f).div(total).blend(0f, total.compare(EQ, 0f));
    for (int i = 0; i < extent; i++) {
      store(y + i * stride, load(y + i * stride, mask).mul(factor), mask);
    }
  }
}
