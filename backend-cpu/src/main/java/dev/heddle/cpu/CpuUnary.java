package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Unary;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Views;
import dev.heddle.tensor.DType;

/** {@link Unary}: floats in float64 or by vectors of float32, integers in 64 bits. */
final class CpuUnary {
  private static final double SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

  private CpuUnary() {}

  static Choice<CpuKernel.Preparation> choose(Node node, Unary op, Kernels kernels) {
    DType x = node.input(0).type().dtype();
    DType y = node.output().type().dtype();
    if (op.kind() == Unary.Kind.IDENTITY) {
      return Views.same("every element stays");
    }
    if (!x.isFloat()) {
      return CpuKernel.choice(
              "integers", "in 64 bits, the low ones kept", CpuElementwise.of(longs(op, x)))
          .over(0);
    }
    if (x == DType.F32 && y == DType.F32) {
      return CpuKernel.choice(kernels.name(), "float32", CpuElementwise.of(floats(op, kernels)))
          .over(0);
    }
    return CpuKernel.doubles(CpuElementwise.of(doubles(op, x, y))).over(0);
  }

  private static CpuElementwise.Function longs(Unary op, DType dtype) {
    return (loops, count, y, x, b, c, scratch) -> {
      long strideY = loops.rowStride(0);
      long strideX = loops.rowStride(1);
      for (long i = 0; i < count; i++) {
        long value = apply(op.kind(), Scalars.getLong(dtype, x + i * strideX));
        Scalars.putLong(dtype, y + i * strideY, value);
      }
    };
  }

  /** One shape, so all elements lie one after another. */
  private static CpuElementwise.Function floats(Unary op, Kernels kernels) {
    ElementKernels elements = kernels.elements();
    return (loops, count, y, x, b, c, scratch) ->
        elements.unary(op.kind(), x, y, (int) count, scratch.address(ElementKernels.SCRATCH));
  }

  private static CpuElementwise.Function doubles(Unary op, DType from, DType to) {
    return (loops, count, y, x, b, c, scratch) -> {
      long strideY = loops.rowStride(0);
      long strideX = loops.rowStride(1);
      for (long i = 0; i < count; i++) {
        double value = apply(op.kind(), Scalars.getDouble(from, x + i * strideX));
        Scalars.putDouble(to, y + i * strideY, value);
      }
    };
  }

  private static long apply(Unary.Kind kind, long x) {
    return switch (kind) {
      case IDENTITY -> x;
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SIGN -> Long.signum(x);
      case RELU -> Math.max(x, 0);
      case NOT -> x == 0 ? 1 : 0;
      default -> throw new IllegalArgumentException(kind + " of integers");
    };
  }

  /** The function in float64. */
  static double apply(Unary.Kind kind, double x) {
    return switch (kind) {
      case IDENTITY -> x;
      case NEG -> -x;
      case ABS -> Math.abs(x);
      case SIGN -> Math.signum(x);
      case RECIPROCAL -> 1 / x;
      case SQRT -> Math.sqrt(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case EXP -> Math.exp(x);
      case LOG -> Math.log(x);
      case SIN -> Math.sin(x);
      case COS -> Math.cos(x);
      case FLOOR -> Math.floor(x);
      case CEIL -> Math.ceil(x);
      case ROUND -> Math.rint(x);
      case ERF -> ErrorFunction.erf(x);
      case TANH -> Math.tanh(x);
      case SIGMOID -> sigmoid(x);
      case RELU -> Math.max(x, 0);
      // erfc keeps the digits that 1 + erf loses where x is far below zero.
      case GELU -> 0.5 * x * ErrorFunction.erfc(-x * Math.sqrt(0.5));
      // So does the sigmoid: (1 + tanh z) / 2 = sigmoid(2z).
      case GELU_TANH -> x * sigmoid(2 * SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x));
      case QUICK_GELU -> x * sigmoid(1.702 * x);
      case SILU -> x * sigmoid(x);
      case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
      case IS_NAN -> Double.isNaN(x) ? 1 : 0;
      case NOT -> throw new IllegalArgumentException(kind + " of floats");
    };
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }
}
