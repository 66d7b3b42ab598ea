package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Compilation;
import java.util.function.Predicate;

/** What the CPU backend knows of compiling a graph. */
record CpuTarget(CpuKernels kernels, Weights weights)
    implements Compilation.Target<CpuKernel.Preparation, CpuKernel> {
  @Override
  public String name() {
    return CpuProvider.NAME;
  }

  @Override
  public Choice<CpuKernel.Preparation> choose(Node node, Predicate<Value> known) {
    return kernels.choose(node, known);
  }

  @Override
  public Choice<CpuKernel.Preparation> copy(Node node) {
    return CpuMove.copy();
  }

  @Override
  public CpuKernel prepare(Node node, CpuKernel.Preparation choice) {
    return choice.prepare(node, weights);
  }

  @Override
  public long place(Value constant) {
    return weights.address(constant);
  }

  @Override
  public long weightBytes() {
    return weights.bytes();
  }
}
