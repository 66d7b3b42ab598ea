package dev.heddle.cpu;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Node;
import dev.heddle.op.Binary;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;

/** {@link Binary}: floats in float64 or by vectors of float32, integers in 64 bits. */
final class CpuBinary {
  private CpuBinary() {}

  static Choice<CpuKernel.Preparation> choose(Node node, Binary op, Kernels kernels) {
    DType a = node.input(Binary.A).type().dtype();
    DType b = node.input(Binary.B).type().dtype();
    if (!a.isFloat() && !b.isFloat()) {
      return CpuKernel.choice(
              "integers", "in 64 bits, the low ones kept", CpuElementwise.of(longs(node, op, a, b)))
          .over(Binary.A, Binary.B);
    }
    if (a == DType.F32 && b == DType.F32) {
      return CpuKernel.choice(kernels.name(), "float32", CpuElementwise.of(floats(op, kernels)))
          .over(Binary.A, Binary.B);
    }
    return CpuKernel.doubles(CpuElementwise.of(doubles(op, a, b))).over(Binary.A, Binary.B);
  }

  private static CpuElementwise.Function longs(Node node, Binary op, DType a, DType b) {
    return (loops, count, y, x1, x2, c, scratch) -> {
      long strideY = loops.rowStride(0);
      long stride1 = loops.rowStride(1);
      long stride2 = loops.rowStride(2);
      for (long i = 0; i < count; i++) {
        long left = Scalars.getLong(a, x1 + i * stride1);
        long right = Scalars.getLong(b, x2 + i * stride2);
        Scalars.putLong(a, y + i * strideY, apply(node, op.kind(), left, right));
      }
    };
  }

  /** What neither repeats nor lies one after another is brought together first. */
  private static CpuElementwise.Function floats(Binary op, Kernels kernels) {
    ElementKernels elements = kernels.elements();
    return (loops, count, y, a, b, c, scratch) -> {
      int n = (int) count;
      long strideA = loops.rowStride(1);
      long strideB = loops.rowStride(2);
      boolean apartA = strideA != 0 && strideA != Float.BYTES;
      boolean apartB = strideB != 0 && strideB != Float.BYTES;
      long row = Loops.ROW * (long) Float.BYTES;
      long memory = scratch.address(ElementKernels.SCRATCH + (apartA || apartB ? 2 * row : 0));
      long from = memory + ElementKernels.SCRATCH;
      long denseA = apartA ? gather(a, strideA, n, from) : a;
      long denseB = apartB ? gather(b, strideB, n, from + row) : b;
      elements.binary(
          op.kind(), denseA, strideA == 0 ? 0 : 1, denseB, strideB == 0 ? 0 : 1, y, n, memory);
    };
  }

  private static long gather(long from, long stride, int count, long to) {
    for (int i = 0; i < count; i++) {
      Memory.putFloat(to + 4L * i, Memory.getFloat(from + i * stride));
    }
    return to;
  }

  private static CpuElementwise.Function doubles(Binary op, DType a, DType b) {
    return (loops, count, y, x1, x2, c, scratch) -> {
      long strideY = loops.rowStride(0);
      long stride1 = loops.rowStride(1);
      long stride2 = loops.rowStride(2);
      for (long i = 0; i < count; i++) {
        double left = Scalars.getDouble(a, x1 + i * stride1);
        double right = Scalars.getDouble(b, x2 + i * stride2);
        Scalars.putDouble(a, y + i * strideY, apply(op.kind(), left, right));
      }
    };
  }

  private static double apply(Binary.Kind kind, double a, double b) {
    return switch (kind) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / b;
      case POW -> Math.pow(a, b);
      case MOD -> floorMod(a, b);
      case FMOD -> a % b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case AND, OR, XOR -> throw new IllegalArgumentException(kind + " of floats");
    };
  }

  private static double floorMod(double a, double b) {
    double remainder = a % b;
    boolean otherSign = remainder != 0 && (remainder < 0) != (b < 0);
    return otherSign ? remainder + b : remainder;
  }

  private static long apply(Node node, Binary.Kind kind, long a, long b) {
    return switch (kind) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> a / divisor(node, b);
      case POW -> power(node, a, b);
      case MOD -> Math.floorMod(a, divisor(node, b));
      case FMOD -> a % divisor(node, b);
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
      case AND -> a & b;
      case OR -> a | b;
      case XOR -> a ^ b;
    };
  }

  private static long divisor(Node node, long b) {
    if (b == 0) {
      throw new InvalidInputException(node + ": integer division by zero");
    }
    return b;
  }

  /** By squaring; {@code a^-n} is the whole part of {@code 1 / a^n}. */
  private static long power(Node node, long a, long exponent) {
    if (exponent < 0) {
      boolean unit = divisor(node, a) == 1 || a == -1;
      return !unit ? 0 : (exponent & 1) == 0 ? 1 : a;
    }
    long result = 1;
    long square = a;
    for (long bits = exponent; bits != 0; bits >>>= 1) {
      if ((bits & 1) != 0) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }
}
