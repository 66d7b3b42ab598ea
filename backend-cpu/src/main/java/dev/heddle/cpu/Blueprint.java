package dev.heddle.cpu;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import java.util.List;

/**
 * A compiled graph: what all {@link RunState}s of a program share. Immutable.
 *
 * @param graph the graph that the nodes below are of
 * @param values all values, in an order in which they become known
 * @param homes where each value's elements lie
 * @param instructions what happens, in order
 * @param buffers pieces of a run's arena: when each is needed
 */
record Blueprint(
    Graph graph,
    List<Value> values,
    List<Home> homes,
    List<Instruction> instructions,
    List<Lifetime> buffers) {

  /** Where a value's elements lie. */
  sealed interface Home {
    /** In a piece of the run's arena. */
    record Arena(int buffer) implements Home {}

    /** In input {@code position}; where that must be copied, in a piece of the run's arena. */
    record Input(int position, int buffer) implements Home {}

    /** In weights, for the program's life. */
    record Weight(long address) implements Home {}

    /** In output {@code position}. */
    record Output(int position) implements Home {}

    /** In another value's elements, as far from its first as the instruction that made it says. */
    record Within(int value) implements Home {}

    /** Nowhere: its elements are not needed as they are. */
    record Nowhere() implements Home {}
  }

  /** The first and the last instruction that need a buffer; -1 stands for before the first. */
  record Lifetime(int first, int last) {}

  /**
   * One node.
   *
   * @param inputs positions among the values, -1 where absent
   * @param outputs positions among the values
   * @param action what happens
   */
  record Instruction(Node node, int[] inputs, int[] outputs, Action action) {}

  /** What an instruction does. */
  sealed interface Action {
    /** Runs a kernel. */
    record Run(Choice.Kernel kernel, int workspace) implements Action {}

    /** Finds where in the input the output begins; nothing runs. */
    record View(Choice.ViewOffset offset) implements Action {}
  }
}
