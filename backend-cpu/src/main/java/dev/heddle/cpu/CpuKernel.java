package dev.heddle.cpu;

import dev.heddle.graph.Node;
import dev.heddle.plan.Choice;

/** Makes a run state's {@link Step} of a node. Immutable. */
@FunctionalInterface
interface CpuKernel {
  /** Name of the kernels for types without a faster one, and for JVMs without vectors. */
  String DOUBLES = "doubles";

  /** Opens it for one run at a time. */
  Step open(Site site);

  /** Readies a kernel at compile time: lays out weights, above all. */
  @FunctionalInterface
  interface Preparation {
    CpuKernel prepare(Node node, Weights weights);
  }

  /** The choice of a kernel that needs no preparation. */
  static Choice.Run<Preparation> choice(String name, String why, CpuKernel kernel) {
    return Choice.Run.of(name, why, (node, weights) -> kernel);
  }

  /** The choice of a kernel in float64. */
  static Choice.Run<Preparation> doubles(CpuKernel kernel) {
    return choice(DOUBLES, "in float64, rounded once", kernel);
  }
}
