package dev.heddle.cpu;

import dev.heddle.graph.Node;
import java.util.List;

/** What {@link CpuKernels} decides for a node. */
sealed interface Choice {
  /** Makes a run state's {@link Step} of a node. Immutable. */
  interface Kernel {
    Step open(Site site);
  }

  /** Readies a kernel at compile time: lays out weights, above all. */
  interface Preparation {
    Kernel prepare(Node node, Weights weights);
  }

  /**
   * A kernel.
   *
   * @param name the kernel's name, as plans show it
   * @param why why this kernel and no other
   * @param inPlace positions of inputs that the first output may be written over: every element is
   *     read before its own place is written
   * @param into position of an input whose memory the first output is, after the run; -1 for none
   * @param packed position of an input that only the preparation reads, -1 for none
   */
  record Run(
      String name, String why, List<Integer> inPlace, int into, int packed, Preparation preparation)
      implements Choice {
    /** Name of the kernels for types without a faster one, and for JVMs without vectors. */
    static final String DOUBLES = "doubles";

    static Run of(String name, String why, Kernel kernel) {
      return new Run(name, why, List.of(), -1, -1, (node, weights) -> kernel);
    }

    static Run doubles(Kernel kernel) {
      return of(DOUBLES, "in float64, rounded once", kernel);
    }

    /** The same, in place of the inputs at {@code positions}. */
    Run over(Integer... positions) {
      return new Run(name, why, List.of(positions), into, packed, preparation);
    }

    /** The same, writing into the input at {@code position}, which the output is then. */
    Run into(int position) {
      return new Run(name, why, inPlace, position, packed, preparation);
    }
  }

  /** The output is the first input's memory under another type; nothing runs. */
  record View(String why, ViewOffset offset) implements Choice {}

  /** Bytes from the input's first element to the output's. */
  interface ViewOffset {
    long bytes(Site site);
  }

  /** The CPU backend does not run it. */
  record Refuse(String reason) implements Choice {}
}
