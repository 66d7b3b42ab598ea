package dev.heddle.cpu;

import dev.heddle.cpu.Blueprint.Chain;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds the instructions that may go depth-first over blocks of rows: longest runs of neighbours
 * with as many rows, between which memory passes row by row only. What one of them writes is read
 * by all of them as whole tensors, each row for its own row alone; everything else that they read
 * was there before. So a block needs nothing of another, whichever comes first.
 *
 * <p>Views may lie between. Buffers that a chain touches must not share memory with one another.
 */
final class RowChains {
  /** Where the compiler has put values. */
  interface Places {
    /** The value whose memory {@code value} lies in. */
    int root(Value value);

    /** Whether it is all of that memory. */
    boolean isWhole(Value value);
  }

  /** An operand's memory, and whether each row of it is read for the same row of the result. */
  private record Read(int root, boolean byRow) {}

  private final Places places;
  private final List<Chain> chains = new ArrayList<>();
  private final List<Read> reads = new ArrayList<>();
  private final Set<Integer> written = new HashSet<>();
  private Dim rows;
  private int first;
  private int last;
  private int members;

  private RowChains(Places places) {
    this.places = places;
  }

  static List<Chain> find(List<Node> nodes, List<Choice> choices, Places places) {
    RowChains found = new RowChains(places);
    for (int i = 0; i < nodes.size(); i++) {
      switch (choices.get(i)) {
        case Choice.View view -> {}
        case Choice.Run run when run.rows() != null -> found.take(i, nodes.get(i), run);
        case Choice.Run run -> found.end();
        case Choice.Refuse refuse -> found.end();
      }
    }
    found.end();
    return found.chains;
  }

  private void take(int index, Node node, Choice.Run run) {
    if (!run.rows().count().equals(rows) || !joins(node, run)) {
      end();
      if (!joins(node, run)) {
        return;
      }
      rows = run.rows().count();
      first = index;
    }
    last = index;
    members++;
  }

  /** Adds the node's memory to that of the chain, unless rows would meet others. */
  private boolean joins(Node node, Choice.Run run) {
    List<Read> more = new ArrayList<>(reads);
    for (int i = 0; i < node.inputs().size(); i++) {
      Value input = node.input(i);
      if (input != null && i != run.packed()) {
        boolean byRow = run.rows().aligned().contains(i) && places.isWhole(input);
        more.add(new Read(places.root(input), byRow));
      }
    }
    Set<Integer> all = new HashSet<>(written);
    for (Value output : node.outputs()) {
      if (!places.isWhole(output)) {
        return false;
      }
      all.add(places.root(output));
    }
    if (more.stream().anyMatch(read -> !read.byRow() && all.contains(read.root()))) {
      return false;
    }
    reads.clear();
    reads.addAll(more);
    written.addAll(all);
    return true;
  }

  private void end() {
    if (members > 1) {
      chains.add(new Chain(first, last));
    }
    reads.clear();
    written.clear();
    rows = null;
    members = 0;
  }
}
