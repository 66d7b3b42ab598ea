package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Cast;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Views;
import dev.heddle.tensor.DType;
import java.util.function.Predicate;

/** {@link Cast}: loops of their own for what models convert much, one general loop for the rest. */
final class CpuCast {
  private CpuCast() {}

  static Choice<CpuKernel.Preparation> choose(
      Node node, Cast op, Kernels kernels, Predicate<Value> known) {
    DType from = node.input(0).type().dtype();
    DType to = op.to();
    if (from == to) {
      return Views.same("the type is " + to + " already");
    }
    if (from.isQuantized()) {
      return CpuBlockRows.choose(node, kernels, known);
    }
    return CpuKernel.choice(
            "convert",
            from + " to " + to,
            CpuElementwise.of(function(from, to, kernels.elements())))
        .over(0);
  }

  private static CpuElementwise.Function function(DType from, DType to, ElementKernels elements) {
    return (loops, count, y, x, b, c, scratch) -> {
      boolean dense = loops.rowStride(0) == to.bytes() && loops.rowStride(1) == from.bytes();
      if (dense && to == DType.F32 && from == DType.F16) {
        halvesToFloats(count, x, y);
      } else if (dense && to == DType.F32 && from == DType.BF16) {
        elements.widenBfloats(x, y, (int) count);
      } else if (dense && to == DType.F16 && from == DType.F32) {
        floatsToHalves(count, x, y);
      } else if (dense && to == DType.BF16 && from == DType.F32) {
        elements.narrowToBfloats(x, y, (int) count);
      } else if (from.isFloat()) {
        doubles(loops, from, to, count, x, y);
      } else {
        longs(loops, from, to, count, x, y);
      }
    };
  }

  static void halvesToFloats(long count, long x, long y) {
    for (long i = 0; i < count; i++) {
      Memory.putFloat(y + 4 * i, Float.float16ToFloat(Memory.getShort(x + 2 * i)));
    }
  }

  static void floatsToHalves(long count, long x, long y) {
    for (long i = 0; i < count; i++) {
      Memory.putShort(y + 2 * i, Float.floatToFloat16(Memory.getFloat(x + 4 * i)));
    }
  }

  private static void doubles(Loops loops, DType from, DType to, long count, long x, long y) {
    long strideY = loops.rowStride(0);
    long strideX = loops.rowStride(1);
    for (long i = 0; i < count; i++) {
      Scalars.putDouble(to, y + i * strideY, Scalars.getDouble(from, x + i * strideX));
    }
  }

  private static void longs(Loops loops, DType from, DType to, long count, long x, long y) {
    long strideY = loops.rowStride(0);
    long strideX = loops.rowStride(1);
    for (long i = 0; i < count; i++) {
      Scalars.putLong(to, y + i * strideY, Scalars.getLong(from, x + i * strideX));
    }
  }
}
