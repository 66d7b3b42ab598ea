package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.op.Where;
import dev.heddle.plan.Choice;

/** {@link Where}: elements are moved bit by bit, whatever their type. */
final class CpuWhere {
  private CpuWhere() {}

  static Choice<CpuKernel.Preparation> choose(Node node) {
    int bytes = node.output().type().dtype().bytes();
    String why = "moves elements of " + bytes + " bytes";
    return CpuKernel.choice("select", why, CpuElementwise.of(select(bytes)))
        .over(Where.A, Where.B, Where.CONDITION);
  }

  private static CpuElementwise.Function select(int bytes) {
    return (loops, count, y, condition, a, b, scratch) -> {
      long strideY = loops.rowStride(0);
      long strideCondition = loops.rowStride(1);
      long strideA = loops.rowStride(2);
      long strideB = loops.rowStride(3);
      for (long i = 0; i < count; i++) {
        boolean first = Memory.getByte(condition + i * strideCondition) != 0;
        Scalars.move(bytes, first ? a + i * strideA : b + i * strideB, y + i * strideY);
      }
    };
  }
}
