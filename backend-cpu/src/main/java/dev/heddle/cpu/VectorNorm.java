package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;
import static dev.heddle.cpu.Vectors.zero;
import static java.lang.Float.floatToRawIntBits;
import static java.lang.Float.intBitsToFloat;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link NormKernels} with the Vector API. */
final class VectorNorm implements NormKernels {
  /** Elements of a row that are summed before they join the row's sum. */
  private static final int BLOCK = 64 * LANES;

  /** The passes over a row; objects for the reason that {@link Vectors} gives. */
  private enum Pass {
    /** Of a row without a skip, which has to be nowhere else. */
    NOTHING {
      @Override
      long run(long s, long a, long b, long y, int columns, float f, float g, float h) {
        return 0;
      }
    },

    COPY {
      @Override
      long run(long s, long a, long b, long y, int columns, float f, float g, float h) {
        Memory.copy(s, y, (long) columns * Float.BYTES);
        return 0;
      }
    },

    /** {@code y = s + a}. */
    ADD {
      @Override
      long run(long s, long a, long b, long y, int columns, float f, float g, float h) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
          store(y + 4L * i, load(s + 4L * i).add(load(a + 4L * i)));
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          store(y + 4L * i, load(s + 4L * i, mask).add(load(a + 4L * i, mask)), mask);
        }
        return 0;
      }
    },

    /** The bits of the sum of s. */
    SUM {
      @Override
      long run(long s, long a, long b, long y, int columns, float f, float g, float h) {
        FloatVector total = zero();
        int i = 0;
        while (i <= columns - LANES) {
          int end = Math.min(columns - LANES, i + BLOCK - LANES);
          FloatVector sum = zero();
          for (; i <= end; i += LANES) {
            sum = sum.add(load(s + 4L * i));
          }
          total = total.add(sum);
        }
        if (i < columns) {
          total = total.add(load(s + 4L * i, Vectors.first(columns - i)));
        }
        return floatToRawIntBits(Vectors.sum(total));
      }
    },

    /**
     * The sum of s - center in the upper half's bits, the sum of its square in the lower half's.
     */
    SUMS_AROUND {
      @Override
      long run(long s, long a, long b, long y, int columns, float center, float g, float h) {
        FloatVector total = zero();
        FloatVector totalSquares = zero();
        int i = 0;
        while (i <= columns - LANES) {
          int end = Math.min(columns - LANES, i + BLOCK - LANES);
          FloatVector sum = zero();
          FloatVector squares = zero();
          for (; i <= end; i += LANES) {
            FloatVector d = load(s + 4L * i).sub(center);
            sum = sum.add(d);
            squares = d.fma(d, squares);
          }
          total = total.add(sum);
          totalSquares = totalSquares.add(squares);
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          FloatVector d = zero().blend(load(s + 4L * i, mask).sub(center), mask);
          total = total.add(d);
          totalSquares = d.fma(d, totalSquares);
        }
        long upper = (long) floatToRawIntBits(Vectors.sum(total)) << 32;
        return upper | floatToRawIntBits(Vectors.sum(totalSquares)) & 0xffffffffL;
      }
    },

    /** {@code y = (s - mean - rest) * factor * scale}. */
    SCALE {
      @Override
      long run(
          long s, long scale, long b, long y, int columns, float mean, float rest, float factor) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
          FloatVector d = load(s + 4L * i).sub(mean).sub(rest);
          store(y + 4L * i, d.mul(load(scale + 4L * i).mul(factor)));
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          FloatVector d = load(s + 4L * i, mask).sub(mean).sub(rest);
          store(y + 4L * i, d.mul(load(scale + 4L * i, mask).mul(factor)), mask);
        }
        return 0;
      }
    },

    /** The same plus the bias. */
    SCALE_AND_SHIFT {
      @Override
      long run(
          long s,
          long scale,
          long bias,
          long y,
          int columns,
          float mean,
          float rest,
          float factor) {
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
          FloatVector d = load(s + 4L * i).sub(mean).sub(rest);
          store(y + 4L * i, d.fma(load(scale + 4L * i).mul(factor), load(bias + 4L * i)));
        }
        if (i < columns) {
          VectorMask<Float> mask = Vectors.first(columns - i);
          FloatVector d = load(s + 4L * i, mask).sub(mean).sub(rest);
          FloatVector f = load(scale + 4L * i, mask).mul(factor);
          store(y + 4L * i, d.fma(f, load(bias + 4L * i, mask)), mask);
        }
        return 0;
      }
    };

    abstract long run(long s, long a, long b, long y, int columns, float f, float g, float h);
  }

  /** The one place that passes are called from. */
  private static long run(
      Pass pass, long s, long a, long b, long y, int columns, float f, float g, float h) {
    return pass.run(s, a, b, y, columns, f, g, h);
  }

  @Override
  public void layerNorm(
      long x,
      long skip,
      long scale,
      long bias,
      long y,
      long sum,
      int columns,
      double epsilon,
      long firstRow,
      long lastRow) {
    for (long row = firstRow; row < lastRow; row++) {
      long at = row * columns * Float.BYTES;
      long s = added(x, skip, y, sum, at, columns);
      float mean = intBitsToFloat((int) run(Pass.SUM, s, 0, 0, 0, columns, 0, 0, 0)) / columns;
      long sums = run(Pass.SUMS_AROUND, s, 0, 0, 0, columns, mean, 0, 0);
      double rest = (double) intBitsToFloat((int) (sums >>> 32)) / columns;
      double variance = (double) intBitsToFloat((int) sums) / columns - rest * rest;
      float factor = (float) (1 / Math.sqrt(variance + epsilon));
      Pass last = bias == 0 ? Pass.SCALE : Pass.SCALE_AND_SHIFT;
      run(last, s, scale, bias, y + at, columns, mean, (float) rest, factor);
    }
  }

  @Override
  public void rmsNorm(
      long x,
      long skip,
      long scale,
      long y,
      long sum,
      int columns,
      double epsilon,
      long firstRow,
      long lastRow) {
    for (long row = firstRow; row < lastRow; row++) {
      long at = row * columns * Float.BYTES;
      long s = added(x, skip, y, sum, at, columns);
      double squares = intBitsToFloat((int) run(Pass.SUMS_AROUND, s, 0, 0, 0, columns, 0, 0, 0));
      float factor = (float) (1 / Math.sqrt(squares / columns + epsilon));
      run(Pass.SCALE, s, scale, 0, y + at, columns, 0, 0, factor);
    }
  }

  /** Makes s, if it is not x itself, and gives its address. */
  private long added(long x, long skip, long y, long sum, long at, int columns) {
    Pass pass = skip != 0 ? Pass.ADD : sum != 0 ? Pass.COPY : Pass.NOTHING;
    long to = (sum == 0 ? y : sum) + at;
    run(pass, x + at, skip + at, 0, to, columns, 0, 0, 0);
    return skip == 0 ? x + at : to;
  }
}
