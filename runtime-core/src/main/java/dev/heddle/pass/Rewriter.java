package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.TypeInference;
import dev.heddle.graph.Value;
import dev.heddle.op.Op;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A graph that a pass changes by saying: this value is that one from now on.
 *
 * <p>A rule looks at one node, finds its pattern by way of {@link #producer}, adds nodes and {@link
 * #replace replaces} the old result. Nodes that nothing uses any more are dropped at once, so
 * {@link #hasOneUse} always tells the truth. {@link #finish} puts the nodes into an order in which
 * they can run, the old one as far as possible.
 */
final class Rewriter {
  private final Graph graph;
  private final Map<Value, HostTensor> constants;
  private final Map<Value, Node> producers = new LinkedHashMap<>();
  private final Map<Value, Set<Value>> users = new HashMap<>();
  private final Map<String, Value> outputs;
  private int nextId;

  Rewriter(Graph graph) {
    this.graph = graph;
    this.constants = new LinkedHashMap<>(graph.constants());
    this.outputs = new LinkedHashMap<>(graph.outputs());
    graph.inputs().forEach(this::reserve);
    graph.constants().keySet().forEach(this::reserve);
    graph.nodes().forEach(this::enter);
  }

  private void reserve(Value value) {
    nextId = Math.max(nextId, value.id() + 1);
  }

  /** A node is known by its first output, which stays when its inputs are replaced. */
  private void enter(Node node) {
    for (Value output : node.outputs()) {
      producers.put(output, node);
      reserve(output);
    }
    for (Value input : node.inputs()) {
      if (input != null) {
        users.computeIfAbsent(input, v -> new LinkedHashSet<>()).add(node.output());
      }
    }
  }

  /** Shows each node to {@code rule}, in order, as it is then. Nodes added meanwhile are not. */
  void forEach(Consumer<Node> rule) {
    for (Value output : List.copyOf(producers.keySet())) {
      Node node = producers.get(output);
      if (node != null && node.output().equals(output)) {
        rule.accept(node);
      }
    }
  }

  /** The node that produces {@code value}, or null for an input or a constant. */
  Node producer(Value value) {
    return producers.get(value);
  }

  /** The nodes that take {@code value}, each once. */
  List<Node> users(Value value) {
    return users.getOrDefault(value, Set.of()).stream().map(producers::get).toList();
  }

  /** True where {@code value} is a result of the graph. */
  boolean isOutput(Value value) {
    return outputs.containsValue(value);
  }

  /** True where one node takes {@code value}, at one position, and the graph does not give it. */
  boolean hasOneUse(Value value) {
    List<Node> nodes = users(value);
    return nodes.size() == 1
        && !isOutput(value)
        && nodes.getFirst().inputs().stream().filter(value::equals).count() == 1;
  }

  /** The tensor behind {@code value} if it is a constant, else null. */
  HostTensor constant(Value value) {
    return constants.get(value);
  }

  /** All constants. */
  Map<Value, HostTensor> constants() {
    return constants;
  }

  /** A new constant. */
  Value constant(String name, HostTensor tensor) {
    Value value = new Value(nextId++, name, TensorType.of(tensor.dtype(), tensor.shape()));
    constants.put(value, tensor);
    return value;
  }

  /** A new node with one output. */
  Value add(String name, Op op, Value... inputs) {
    return addAll(name, op, 1, inputs).getFirst();
  }

  /** A new node; its types are inferred. */
  List<Value> addAll(String name, Op op, int outputCount, Value... inputs) {
    List<TensorType> types =
        Arrays.stream(inputs).map(value -> value == null ? null : value.type()).toList();
    List<Value> values = new ArrayList<>();
    for (TensorType type : TypeInference.infer(name, op, types, outputCount)) {
      String suffix = values.isEmpty() ? "" : "." + values.size();
      values.add(new Value(nextId++, name + suffix, type));
    }
    enter(new Node(name, op, Arrays.asList(inputs), values));
    return values;
  }

  /** Whether {@code op} takes these inputs and gives {@code type}: the guard of every fusion. */
  static boolean gives(TensorType type, Op op, Value... inputs) {
    try {
      List<TensorType> types =
          Arrays.stream(inputs).map(value -> value == null ? null : value.type()).toList();
      return TypeInference.infer("", op, types, 1).getFirst().equals(type);
    } catch (GraphException e) {
      return false;
    }
  }

  /**
   * Puts a node of {@code op} in the place of {@code old}, a node with one output, if types fit.
   */
  boolean substitute(Node old, Op op, Value... inputs) {
    return substitute(old, old.name(), op, inputs);
  }

  /** Like {@link #substitute(Node, Op, Value...)}, the new node being called {@code name}. */
  boolean substitute(Node old, String name, Op op, Value... inputs) {
    if (!gives(old.output().type(), op, inputs)) {
      return false;
    }
    replace(old.output(), add(name, op, inputs));
    return true;
  }

  /** From now on, whoever took {@code old} takes {@code other}, which must not depend on it. */
  void replace(Value old, Value other) {
    if (!old.type().equals(other.type())) {
      throw new GraphException("cannot replace " + old + " by " + other + ": the types differ");
    }
    for (Value user : List.copyOf(users.getOrDefault(old, Set.of()))) {
      Node node = producers.get(user);
      List<Value> inputs = new ArrayList<>(node.inputs());
      inputs.replaceAll(value -> old.equals(value) ? other : value);
      Node changed = new Node(node.name(), node.op(), inputs, node.outputs());
      changed.outputs().forEach(output -> producers.put(output, changed));
      users.computeIfAbsent(other, v -> new LinkedHashSet<>()).add(user);
    }
    users.remove(old);
    outputs.replaceAll((name, value) -> value.equals(old) ? other : value);
    dropIfUnused(producers.get(old));
  }

  private void dropIfUnused(Node root) {
    List<Node> open = new ArrayList<>();
    if (root != null) {
      open.add(root);
    }
    while (!open.isEmpty()) {
      Node node = open.removeLast();
      if (isUsed(node) || producers.get(node.output()) != node) {
        continue;
      }
      node.outputs().forEach(producers::remove);
      for (Value input : node.inputs()) {
        Set<Value> left = users.get(input);
        if (left != null && left.remove(node.output()) && producers.containsKey(input)) {
          open.add(producers.get(input));
        }
      }
    }
  }

  private boolean isUsed(Node node) {
    return node.outputs().stream()
        .anyMatch(output -> isOutput(output) || !users.getOrDefault(output, Set.of()).isEmpty());
  }

  /** The graph as it is now, without what no output depends on. */
  Graph finish() {
    Set<Value> known = new HashSet<>(graph.inputs());
    known.addAll(constants.keySet());
    Set<Value> wanted = new HashSet<>();
    List<Node> ordered = new ArrayList<>();
    Set<Value> needed = needed();
    for (Node node : producers.values()) {
      if (needed.contains(node.output())) {
        place(node, known, ordered);
      }
    }
    ordered.forEach(node -> wanted.addAll(node.inputs()));
    wanted.addAll(outputs.values());
    Map<Value, HostTensor> kept = new LinkedHashMap<>(constants);
    kept.keySet().retainAll(wanted);
    return new Graph(graph.name(), graph.inputs(), kept, ordered, outputs);
  }

  /** First outputs of the nodes that an output of the graph depends on. */
  private Set<Value> needed() {
    Set<Value> needed = new HashSet<>();
    List<Value> open = new ArrayList<>(outputs.values());
    while (!open.isEmpty()) {
      Node node = producers.get(open.removeLast());
      if (node != null && needed.add(node.output())) {
        open.addAll(present(node.inputs()));
      }
    }
    return needed;
  }

  /** Places what {@code root} needs, then {@code root}. Without recursion: graphs are deep. */
  private void place(Node root, Set<Value> known, List<Node> ordered) {
    List<Node> open = new ArrayList<>(List.of(root));
    Set<Value> begun = new HashSet<>();
    while (!open.isEmpty()) {
      Node node = open.getLast();
      if (known.contains(node.output())) {
        open.removeLast();
      } else if (begun.add(node.output())) {
        for (Value input : node.inputs().reversed()) {
          if (input != null && !known.contains(input)) {
            open.add(producers.get(input));
          }
        }
      } else {
        if (!known.containsAll(present(node.inputs()))) {
          throw new GraphException("graph " + graph.name() + ": " + node + " depends on itself");
        }
        open.removeLast();
        known.addAll(node.outputs());
        ordered.add(node);
      }
    }
  }

  private static List<Value> present(List<Value> inputs) {
    return inputs.stream().filter(input -> input != null).toList();
  }
}
