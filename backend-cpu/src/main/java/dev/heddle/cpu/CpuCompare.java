package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Compare;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;

/** {@link Compare}: floats as float64, integers as 64 bits, both exact. */
final class CpuCompare {
  private CpuCompare() {}

  static Choice<CpuKernel.Preparation> choose(Node node, Compare op) {
    DType dtype = node.input(Compare.A).type().dtype();
    return CpuKernel.choice(
        dtype.isFloat() ? "doubles" : "integers",
        "comparing is exact in the wider type",
        CpuElementwise.of(dtype.isFloat() ? doubles(op, dtype) : longs(op, dtype)));
  }

  private static CpuElementwise.Function doubles(Compare op, DType dtype) {
    return (loops, count, y, a, b, c, scratch) -> {
      for (long i = 0; i < count; i++) {
        double left = Scalars.getDouble(dtype, a + i * loops.rowStride(1));
        double right = Scalars.getDouble(dtype, b + i * loops.rowStride(2));
        Memory.putByte(y + i * loops.rowStride(0), (byte) (holds(op.kind(), left, right) ? 1 : 0));
      }
    };
  }

  private static CpuElementwise.Function longs(Compare op, DType dtype) {
    return (loops, count, y, a, b, c, scratch) -> {
      for (long i = 0; i < count; i++) {
        long left = Scalars.getLong(dtype, a + i * loops.rowStride(1));
        long right = Scalars.getLong(dtype, b + i * loops.rowStride(2));
        Memory.putByte(y + i * loops.rowStride(0), (byte) (holds(op.kind(), left, right) ? 1 : 0));
      }
    };
  }

  private static boolean holds(Compare.Kind kind, double a, double b) {
    return switch (kind) {
      case EQUAL -> a == b;
      case LESS -> a < b;
      case LESS_OR_EQUAL -> a <= b;
      case GREATER -> a > b;
      case GREATER_OR_EQUAL -> a >= b;
    };
  }

  private static boolean holds(Compare.Kind kind, long a, long b) {
    return switch (kind) {
      case EQUAL -> a == b;
      case LESS -> a < b;
      case LESS_OR_EQUAL -> a <= b;
      case GREATER -> a > b;
      case GREATER_OR_EQUAL -> a >= b;
    };
  }
}
