package dev.heddle.plan;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.SymbolValues;
import dev.heddle.graph.Value;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * What one run was given, checked: a tensor of the right type for every input, and the symbols'
 * values. Reused from run to run; allocates nothing. Not for several threads at once.
 */
public final class RunInputs {
  private final Graph graph;
  private final List<Value> expected;
  private final SymbolValues symbols;
  private final List<String> symbolNames;
  private final Tensor[] tensors;
  private final Shape[] shapes;
  private final long[] bound;
  private final long[] boundBefore;
  private boolean fresh = true;

  /** Nothing yet; {@code symbols} are given their values. */
  public RunInputs(Graph graph, SymbolValues symbols) {
    this.graph = graph;
    this.expected = graph.inputs();
    this.symbols = symbols;
    this.symbolNames = symbols.names();
    this.tensors = new Tensor[expected.size()];
    this.shapes = new Shape[expected.size()];
    this.bound = new long[symbolNames.size()];
    this.boundBefore = new long[symbolNames.size()];
  }

  /**
   * Takes what a run was given.
   *
   * @return true if extents may differ from the last time
   * @throws InvalidInputException if something is missing or of another type
   */
  public boolean take(Inputs inputs) {
    boolean changed = fresh;
    fresh = false;
    for (int i = 0; i < tensors.length; i++) {
      Value value = expected.get(i);
      Tensor given = inputs.get(value.name());
      if (given == null) {
        throw missing(value, inputs);
      }
      if (given.dtype() != value.type().dtype()) {
        throw new InvalidInputException(
            "graph %s: input \"%s\" is %s %s; expected %s"
                .formatted(graph.name(), value.name(), given.dtype(), given.shape(), value.type()));
      }
      changed |= !given.shape().equals(shapes[i]);
      tensors[i] = given;
      shapes[i] = given.shape();
    }
    return bindGiven(inputs) || changed;
  }

  private InvalidInputException missing(Value value, Inputs inputs) {
    StringBuilder given = new StringBuilder();
    inputs.forEach((name, tensor) -> given.append(given.isEmpty() ? "" : ", ").append(name));
    return new InvalidInputException(
        "graph %s: input \"%s\" is missing; expected %s. Given are [%s]"
            .formatted(graph.name(), value.name(), value.type(), given));
  }

  private boolean bindGiven(Inputs inputs) {
    Arrays.fill(bound, -1);
    for (int i = 0; i < inputs.symbolCount(); i++) {
      int index = symbolNames.indexOf(inputs.symbol(i));
      if (index >= 0) {
        bound[index] = inputs.symbolValue(i);
      }
    }
    boolean changed = !Arrays.equals(bound, boundBefore);
    System.arraycopy(bound, 0, boundBefore, 0, bound.length);
    return changed;
  }

  /**
   * Finds the symbols' values from the shapes given.
   *
   * @throws InvalidInputException if the shapes do not fit the graph, or each other
   */
  public void bindSymbols() {
    try {
      symbols.reset();
      for (int i = 0; i < bound.length; i++) {
        if (bound[i] >= 0) {
          symbols.bind(symbolNames.get(i), bound[i]);
        }
      }
      for (int i = 0; i < shapes.length; i++) {
        symbols.learn(i, shapes[i]);
      }
      for (int i = 0; i < shapes.length; i++) {
        symbols.check(i, shapes[i]);
      }
    } catch (GraphException e) {
      throw new InvalidInputException(e.getMessage(), e);
    }
  }

  /** Number of inputs. */
  public int count() {
    return tensors.length;
  }

  /** What was given for input {@code position}. */
  public Tensor tensor(int position) {
    return tensors[position];
  }

  /** Lets the tensors go: the run has ended. */
  public void release() {
    Arrays.fill(tensors, null);
  }

  /** Takes the next run's shapes for new: binding has failed, or did not get that far. */
  public void forget() {
    fresh = true;
  }
}
