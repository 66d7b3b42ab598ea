package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.BYTES;
import static dev.heddle.cpu.Vectors.LANES;
import static dev.heddle.cpu.Vectors.all;
import static dev.heddle.cpu.Vectors.load;
import static dev.heddle.cpu.Vectors.store;

import dev.heddle.op.Unary;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The functions of {@link Unary} on whole vectors, each a loop of its own, and an object for the
 * reason that {@link Vectors} gives.
 */
final class VectorUnary {
  private VectorUnary() {}

  private enum Loop {
    COPY {
      @Override
      void run(long x, long y, long bytes) {
        Memory.copy(x, y, bytes);
      }
    },
    COPY_BACK {
      @Override
      void run(long x, long y, long bytes) {
        Memory.copy(x, y, bytes);
      }
    },
    NEG {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(x + i).neg());
        }
      }
    },
    ABS {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(x + i).lanewise(VectorOperators.ABS));
        }
      }
    },
    SIGN {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.sign(load(x + i)));
        }
      }
    },
    RECIPROCAL {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, all(1f).div(load(x + i)));
        }
      }
    },
    SQRT {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, load(x + i).lanewise(VectorOperators.SQRT));
        }
      }
    },
    RSQRT {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.rsqrt(load(x + i)));
        }
      }
    },
    EXP {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.exp(load(x + i)));
        }
      }
    },
    LOG {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.log(load(x + i)));
        }
      }
    },
    FLOOR {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          store(y + i, VectorMath.floor(v, VectorMath.round(v)));
        }
      }
    },
    CEIL {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          store(y + i, VectorMath.ceil(v, VectorMath.round(v)));
        }
      }
    },
    ROUND {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.round(load(x + i)));
        }
      }
    },
    ERF {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.erf(load(x + i)));
        }
      }
    },
    TANH {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector z = VectorMath.expOfNonPositive(VectorMath.minusTwice(v));
          store(y + i, VectorMath.tanh(v, z));
        }
      }
    },
    SIGMOID {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector z = VectorMath.expOfNonPositive(v.lanewise(VectorOperators.ABS).neg());
          store(y + i, VectorMath.timesSigmoid(all(1f), v, z));
        }
      }
    },
    RELU {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.relu(load(x + i)));
        }
      }
    },
    GELU {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          store(y + i, VectorMath.gelu(load(x + i)));
        }
      }
    },
    GELU_TANH {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector u = VectorMath.geluTanhArgument(v);
          FloatVector z = VectorMath.expOfNonPositive(u.lanewise(VectorOperators.ABS).neg());
          store(y + i, VectorMath.timesSigmoid(v, u, z));
        }
      }
    },
    QUICK_GELU {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector u = v.mul(1.702f);
          FloatVector z = VectorMath.expOfNonPositive(u.lanewise(VectorOperators.ABS).neg());
          store(y + i, VectorMath.timesSigmoid(v, u, z));
        }
      }
    },
    SILU {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector z = VectorMath.expOfNonPositive(v.lanewise(VectorOperators.ABS).neg());
          store(y + i, VectorMath.timesSigmoid(v, v, z));
        }
      }
    },
    SOFTPLUS {
      @Override
      void run(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += BYTES) {
          FloatVector v = load(x + i);
          FloatVector z = VectorMath.expOfNonPositive(v.lanewise(VectorOperators.ABS).neg());
          store(y + i, VectorMath.softplus(v, z));
        }
      }
    };

    /** {@code y = f(x)} on {@code bytes} bytes. */
    abstract void run(long x, long y, long bytes);
  }

  private static Loop loop(Unary.Kind kind) {
    return switch (kind) {
      case IDENTITY -> Loop.COPY;
      case NEG -> Loop.NEG;
      case ABS -> Loop.ABS;
      case SIGN -> Loop.SIGN;
      case RECIPROCAL -> Loop.RECIPROCAL;
      case SQRT -> Loop.SQRT;
      case RSQRT -> Loop.RSQRT;
      case EXP -> Loop.EXP;
      case LOG -> Loop.LOG;
      case FLOOR -> Loop.FLOOR;
      case CEIL -> Loop.CEIL;
      case ROUND -> Loop.ROUND;
      case ERF -> Loop.ERF;
      case TANH -> Loop.TANH;
      case SIGMOID -> Loop.SIGMOID;
      case RELU -> Loop.RELU;
      case GELU -> Loop.GELU;
      case GELU_TANH -> Loop.GELU_TANH;
      case QUICK_GELU -> Loop.QUICK_GELU;
      case SILU -> Loop.SILU;
      case SOFTPLUS -> Loop.SOFTPLUS;
      // Rare, and good for arguments of any size.
      case SIN, COS -> null;
      case NOT, IS_NAN -> throw ElementKernels.unsupported(kind);
    };
  }

  /** The one place that loops are called from: three of them for each row. */
  private static void run(Loop loop, long x, long y, long bytes) {
    loop.run(x, y, bytes);
  }

  /**
   * {@code y = kind(x)} on {@code count} floats. What does not fill a vector is computed in scratch
   * memory as a whole one.
   *
   * @param scratch address of a vector
   */
  static void apply(Unary.Kind kind, long x, long y, int count, long scratch) {
    Loop loop = loop(kind);
    if (loop == null) {
      ScalarElements.apply(kind, x, y, count);
      return;
    }
    long rest = (long) (count % LANES) * Float.BYTES;
    long whole = (long) count * Float.BYTES - rest;
    run(loop, x, y, whole);
    run(Loop.COPY, x + whole, scratch, rest);
    run(loop, scratch, scratch, rest == 0 ? 0 : BYTES);
    run(Loop.COPY_BACK, scratch, y + whole, rest);
  }
}
