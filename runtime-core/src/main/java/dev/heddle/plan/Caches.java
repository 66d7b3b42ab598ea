package dev.heddle.plan;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.CacheWrite;
import dev.heddle.tensor.Tensor;

/** The inputs of a graph that its runs change, by {@link CacheWrite}. */
public final class Caches {
  private final Graph graph;
  private final boolean[] written;

  /**
   * Finds them.
   *
   * @throws GraphException if something else than an input is written to
   */
  public Caches(Graph graph) {
    this.graph = graph;
    this.written = new boolean[graph.inputs().size()];
    for (Node node : graph.nodes()) {
      if (node.op() instanceof CacheWrite) {
        written[input(node)] = true;
      }
    }
  }

  private int input(Node node) {
    Value cache = node.input(CacheWrite.CACHE);
    for (Node by = graph.producer(cache); by != null; by = graph.producer(cache)) {
      if (!(by.op() instanceof CacheWrite)) {
        throw new GraphException(node + " writes to a result; expected an input of the graph");
      }
      cache = by.input(CacheWrite.CACHE);
    }
    int position = graph.inputs().indexOf(cache);
    if (position < 0) {
      throw new GraphException(node + " writes to a constant; expected an input of the graph");
    }
    return position;
  }

  /** Whether a run changes what it is given for input {@code position}. */
  public boolean contains(int position) {
    return written[position];
  }

  /** What to throw where a tensor that is to be changed is not the backend's own. */
  public InvalidInputException notOwn(int position, Tensor given) {
    return new InvalidInputException(
        "graph %s changes its input \"%s\", and %s %s is not in this backend's memory; give a"
                .formatted(
                    graph.name(), graph.inputs().get(position).name(), given.dtype(), given.shape())
            + " tensor made by its upload");
  }
}
