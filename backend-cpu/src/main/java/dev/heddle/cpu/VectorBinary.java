package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;

import dev.heddle.op.Binary;

/**
 * The functions of {@link Binary} on whole vectors, each a loop of its own, and an object for the
 * reason that {@link Vectors} gives.
 */
final class VectorBinary {
  private VectorBinary() {}

  private enum Loop {
    COPY {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        Memory.copy(a, y, bytes);
      }
    },
    COPY_BACK {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        Memory.copy(a, y, bytes);
      }
    },
    ADD {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).add(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    },
    SUB {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).sub(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    },
    MUL {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).mul(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    },
    DIV {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).div(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    },
    MIN {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).min(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    },
    MAX {
      @Override
      void run(long a, long aStep, long b, long bStep, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(a).max(load(b)));
          a += aStep;
          b += bStep;
        }
      }
    };

    /**
     * {@code y = f(a, b)} on {@code bytes} bytes; the steps are bytes from one of the operand's
     * vectors to the next, 0 to take the first each time.
     */
    abstract void run(long a, long aStep, long b, long bStep, long y, long bytes);
  }

  private static Loop loop(Binary.Kind kind) {
    return switch (kind) {
      case ADD -> Loop.ADD;
      case SUB -> Loop.SUB;
      case MUL -> Loop.MUL;
      case DIV -> Loop.DIV;
      case MIN -> Loop.MIN;
      case MAX -> Loop.MAX;
      // These have no vector instructions.
      case POW, MOD, FMOD, AND, OR, XOR -> null;
    };
  }

  /** The one place that loops are called from: three of them for each row. */
  private static void run(Loop loop, long a, long aStep, long b, long bStep, long y, long bytes) {
    loop.run(a, aStep, b, bStep, y, bytes);
  }

  /**
   * {@code y = a kind b} on {@code count} floats. What does not fill a vector is computed in
   * scratch memory as a whole one, and so is an element to be repeated made a vector.
   *
   * @param aStep 1, or 0 to repeat one element
   * @param bStep the same for b
   * @param scratch address of two vectors
   */
  static void apply(
      Binary.Kind kind, long a, int aStep, long b, int bStep, long y, int count, long scratch) {
    Loop loop = loop(kind);
    if (loop == null) {
      ScalarElements.apply(kind, a, aStep, b, bStep, y, count);
      return;
    }
    long second = scratch + BYTES;
    if (aStep == 0) {
      fill(scratch, Memory.getFloat(a));
    }
    if (bStep == 0) {
      fill(second, Memory.getFloat(b));
    }
    long rest = (long) (count % LANES) * Float.BYTES;
    long whole = (long) count * Float.BYTES - rest;
    long left = aStep == 0 ? scratch : a;
    long right = bStep == 0 ? second : b;
    run(loop, left, (long) aStep * BYTES, right, (long) bStep * BYTES, y, whole);
    run(Loop.COPY, a + whole, 0, 0, 0, scratch, aStep == 0 ? 0 : rest);
    run(Loop.COPY, b + whole, 0, 0, 0, second, bStep == 0 ? 0 : rest);
    run(loop, scratch, 0, second, 0, scratch, rest == 0 ? 0 : BYTES);
    run(Loop.COPY_BACK, scratch, 0, 0, 0, y + whole, rest);
  }

  private static void fill(long to, float value) {
    for (int i = 0; i < LANES; i++) {
      Memory.putFloat(to + 4L * i, value);
    }
  }
}
