package dev.heddle.graph;

import dev.heddle.tensor.Dim;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;

/**
 * The values that a run gives to a graph's symbols, found by holding the shapes of its inputs
 * against their types. Reused from run to run: binding allocates nothing. Not for several threads
 * at once.
 */
public final class SymbolValues implements ToLongFunction<String> {
  private static final long UNBOUND = -1;

  private final String graph;
  private final List<Value> inputs;
  private final String[] names;
  private final long[] values;

  /**
   * No values yet for the symbols of {@code graph}, those of its nodes' results and attributes
   * included.
   */
  public SymbolValues(Graph graph) {
    Set<String> symbols = new TreeSet<>(graph.symbols());
    for (Node node : graph.nodes()) {
      node.outputs().forEach(value -> symbols.addAll(value.type().symbols()));
      node.op().dims().forEach(dim -> dim.addSymbols(symbols));
    }
    this.graph = graph.name();
    this.inputs = graph.inputs();
    this.names = symbols.toArray(String[]::new);
    this.values = new long[names.length];
    reset();
  }

  /** Forgets all values. */
  public void reset() {
    Arrays.fill(values, UNBOUND);
  }

  /** The symbols' names, sorted. */
  public List<String> names() {
    return List.of(names);
  }

  /** Gives {@code symbol} a value; a symbol the graph does not have is ignored. */
  public void bind(String symbol, long value) {
    int index = index(symbol);
    if (index >= 0) {
      values[index] = value;
    }
  }

  /**
   * Learns symbols from the shape given for input {@code position}; then {@link #check} all.
   *
   * @throws GraphException if the rank is another, or a symbol would be negative
   */
  public void learn(int position, Shape shape) {
    TensorType type = inputs.get(position).type();
    if (type.rank() != shape.rank()) {
      throw mismatch(position, shape);
    }
    for (int axis = 0; axis < shape.rank(); axis++) {
      Dim.Linear linear = type.dim(axis).asLinear();
      if (linear != null) {
        int index = index(linear.symbol());
        if (values[index] == UNBOUND) {
          long value = (shape.dim(axis) - linear.constant()) / linear.coefficient();
          if (value < 0) {
            throw mismatch(position, shape);
          }
          values[index] = value;
        }
      }
    }
  }

  /**
   * Holds the shape of input {@code position} against its type under the values learnt.
   *
   * @throws GraphException if they differ
   */
  public void check(int position, Shape shape) {
    TensorType type = inputs.get(position).type();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (type.dim(axis).evaluate(this) != shape.dim(axis)) {
        throw mismatch(position, shape);
      }
    }
  }

  private GraphException mismatch(int position, Shape shape) {
    StringBuilder known = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      if (values[i] != UNBOUND) {
        known.append(known.isEmpty() ? " with " : ", ").append(names[i] + "=" + values[i]);
      }
    }
    return new GraphException(
        "graph %s: input %s has shape %s%s".formatted(graph, inputs.get(position), shape, known));
  }

  /**
   * The value of {@code symbol}.
   *
   * @throws GraphException if no input tells it
   */
  @Override
  public long applyAsLong(String symbol) {
    int index = index(symbol);
    if (index < 0 || values[index] == UNBOUND) {
      throw new GraphException(
          "graph %s: no input's shape tells the symbol %s; bind it by Inputs.bind"
              .formatted(graph, symbol));
    }
    return values[index];
  }

  /** Copies the values, in the order of {@link #names}. */
  public void copyTo(long[] target) {
    System.arraycopy(values, 0, target, 0, values.length);
  }

  /** True where {@code other} holds these very values. */
  public boolean matches(long[] other) {
    return Arrays.equals(values, other);
  }

  private int index(String symbol) {
    return Arrays.binarySearch(names, symbol);
  }
}
