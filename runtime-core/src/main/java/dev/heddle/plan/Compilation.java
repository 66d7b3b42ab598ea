package dev.heddle.plan;

import dev.heddle.backend.Plan;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.backend.Work;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Unary;
import dev.heddle.plan.Blueprint.Action;
import dev.heddle.plan.Blueprint.Home;
import dev.heddle.plan.Blueprint.Instruction;
import dev.heddle.plan.Blueprint.Lifetime;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * From a graph to a {@link Blueprint}: kernels, the places of values, and the plan for people.
 *
 * @param <C> what kernels are made from
 * @param <K> what kernels are
 */
public final class Compilation<C, K> {
  /**
   * What a backend knows.
   *
   * @param <C> what kernels are made from
   * @param <K> what kernels are
   */
  public interface Target<C, K> {
    /** The backend's name. */
    String name();

    /** The kernel for {@code node}; {@code known} tells the values that are constants. */
    Choice<C> choose(Node node, Predicate<Value> known);

    /** The kernel for {@code node}, whose output is its input, in memory of its own. */
    Choice<C> copy(Node node);

    /** Makes a kernel; weights are laid out for it now. */
    K prepare(Node node, C choice);

    /** Where a constant's elements are, as they stand in the graph; called for those read so. */
    long place(Value constant);

    /** Bytes of all weights, in all their layouts. */
    long weightBytes();
  }

  /**
   * What compiling gives.
   *
   * @param <K> what kernels are
   */
  public record Result<K>(Blueprint<K> blueprint, Plan plan) {}

  private final Graph graph;
  private final Target<C, K> target;
  private final List<Value> values = new ArrayList<>();
  private final Map<Value, Integer> positions = new HashMap<>();
  private final List<Node> nodes;
  private final List<Choice<C>> choices = new ArrayList<>();

  /** By value: the instruction that produces it; -1 for inputs and constants. */
  private final List<Integer> producers = new ArrayList<>();

  /** The value that a value's memory belongs to: itself, or what it is a view of. */
  private final List<Integer> owners = new ArrayList<>();

  /** By output: the value whose memory the caller is given. */
  private final Map<Integer, Integer> results = new LinkedHashMap<>();

  private Compilation(Graph graph, Target<C, K> target) {
    this.graph = graph;
    this.target = target;
    this.nodes = new ArrayList<>(graph.nodes());
  }

  /**
   * Compiles {@code graph}.
   *
   * @param notes facts about the whole, for the plan
   * @throws UnsupportedGraphException if there is no kernel for a node
   */
  public static <C, K> Result<K> compile(Graph graph, Target<C, K> target, List<String> notes) {
    return new Compilation<>(graph, target).compile(notes);
  }

  private Result<K> compile(List<String> notes) {
    choose();
    graph.inputs().forEach(value -> addValue(value, -1));
    graph.constants().keySet().forEach(value -> addValue(value, -1));
    for (int i = 0; i < nodes.size(); i++) {
      for (Value output : nodes.get(i).outputs()) {
        addValue(output, i);
      }
    }
    findViews();
    findResults();
    List<Plan.Step> steps = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      steps.add(step(nodes.get(i), choices.get(i)));
    }
    int[] lastUses = lastUses();
    shareInPlace(lastUses);
    Blueprint<K> blueprint = place(lastUses);
    return new Result<>(blueprint, new Plan(steps, target.weightBytes(), notes));
  }

  private void choose() {
    List<UnsupportedGraphException.Refusal> refusals = new ArrayList<>();
    for (Node node : nodes) {
      Choice<C> choice = target.choose(node, this::isKnown);
      choices.add(choice);
      if (choice instanceof Choice.Refuse<C>(String reason)) {
        refusals.add(new UnsupportedGraphException.Refusal(node, reason));
      }
    }
    if (!refusals.isEmpty()) {
      throw new UnsupportedGraphException(target.name(), graph.name(), refusals);
    }
  }

  private Plan.Step step(Node node, Choice<C> choice) {
    return switch (choice) {
      case Choice.Run<C> run ->
          new Plan.Step(node, run.name(), run.why(), Work.bytes(node), Work.flops(node));
      case Choice.View<C> view -> new Plan.Step(node, "view", view.why(), Dim.ZERO, Dim.ZERO);
      case Choice.Refuse<C> refuse -> throw new IllegalStateException(refuse.reason());
    };
  }

  private boolean isKnown(Value value) {
    return graph.constant(value) != null;
  }

  private int addValue(Value value, int producer) {
    int position = values.size();
    values.add(value);
    producers.add(producer);
    positions.put(value, position);
    owners.add(position);
    return position;
  }

  private int position(Value value) {
    return positions.get(value);
  }

  // Views.

  private void findViews() {
    for (int i = 0; i < nodes.size(); i++) {
      if (choices.get(i) instanceof Choice.View<C>) {
        owners.set(position(nodes.get(i).output()), position(nodes.get(i).input(0)));
      } else if (choices.get(i) instanceof Choice.Run<C> run && run.into() >= 0) {
        Value into = nodes.get(i).input(run.into());
        owners.set(position(nodes.get(i).output()), position(into));
      }
    }
  }

  /** The value whose memory {@code position} lies in at last. */
  private int root(int position) {
    int at = position;
    while (owners.get(at) != at) {
      at = owners.get(at);
    }
    return at;
  }

  /** True where a value is all of its root, element by element. */
  private boolean isWhole(int position) {
    int at = position;
    while (owners.get(at) != at) {
      int owner = owners.get(at);
      if (!values.get(at).type().elements().equals(values.get(owner).type().elements())) {
        return false;
      }
      at = owner;
    }
    return true;
  }

  // Outputs: written where the caller gets them, or copied at the end where that cannot be.

  private void findResults() {
    Set<Integer> taken = new HashSet<>();
    int output = 0;
    for (Map.Entry<String, Value> entry : graph.outputs().entrySet()) {
      int position = position(entry.getValue());
      int root = root(position);
      boolean produced = producers.get(root) >= 0;
      if (!produced || !isWhole(position) || !taken.add(root)) {
        root = addCopy(entry.getKey(), entry.getValue());
      }
      results.put(root, output++);
    }
  }

  private int addCopy(String name, Value value) {
    int id = values.stream().mapToInt(Value::id).max().orElse(0) + 1;
    Value copy = new Value(id, name, value.type());
    nodes.add(new Node(name, new Unary(Unary.Kind.IDENTITY), List.of(value), List.of(copy)));
    choices.add(target.copy(nodes.getLast()));
    return addValue(copy, nodes.size() - 1);
  }

  // Lifetimes.

  /** By root: the last instruction that reads it or writes into it; outputs live on. */
  private int[] lastUses() {
    int[] last = new int[values.size()];
    Arrays.fill(last, -1);
    for (int i = 0; i < nodes.size(); i++) {
      for (Value input : nodes.get(i).inputs()) {
        if (input != null) {
          last[root(position(input))] = i;
        }
      }
      for (Value result : nodes.get(i).outputs()) {
        int root = root(position(result));
        last[root] = Math.max(last[root], i);
      }
    }
    results.keySet().forEach(root -> last[root] = Integer.MAX_VALUE);
    return last;
  }

  /** Lets results take the place of operands that nobody needs afterwards. */
  private void shareInPlace(int[] last) {
    for (int i = 0; i < nodes.size(); i++) {
      if (choices.get(i) instanceof Choice.Run<C> run) {
        int result = position(nodes.get(i).output());
        int operand = inPlaceOperand(nodes.get(i), run.inPlace(), i, last);
        if (operand >= 0) {
          int root = root(operand);
          owners.set(result, operand);
          last[root] = last[result];
          Integer output = results.remove(result);
          if (output != null) {
            results.put(root, output);
          }
        }
      }
    }
  }

  private int inPlaceOperand(Node node, List<Integer> allowed, int instruction, int[] last) {
    Value result = node.output();
    for (int input : allowed) {
      Value operand = node.input(input);
      if (operand == null
          || operand.type().dtype().isQuantized()
          || !operand.type().dims().equals(result.type().dims())
          || operand.type().dtype().bytes() != result.type().dtype().bytes()) {
        continue;
      }
      int position = position(operand);
      int root = root(position);
      boolean computed = producers.get(root) >= 0;
      if (computed && last[root] == instruction && isWhole(position) && isAlone(node, operand)) {
        return position;
      }
    }
    return -1;
  }

  /** True where the node's other operands do not lie in the same memory in another order. */
  private boolean isAlone(Node node, Value operand) {
    int root = root(position(operand));
    return node.inputs().stream()
        .filter(other -> other != null && root(position(other)) == root)
        .allMatch(other -> other.equals(operand));
  }

  // Places.

  private Blueprint<K> place(int[] last) {
    List<Lifetime> buffers = new ArrayList<>();
    List<Instruction<K>> instructions = new ArrayList<>();
    Set<Value> read = new HashSet<>();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      instructions.add(
          switch (choices.get(i)) {
            case Choice.View<C> view -> instruction(node, new Action.View<K>(view.offset()));
            case Choice.Run<C> run -> {
              K kernel = target.prepare(node, run.kernel());
              buffers.add(new Lifetime(i, i));
              yield instruction(node, new Action.Run<>(kernel, buffers.size() - 1));
            }
            case Choice.Refuse<C> refuse -> throw new IllegalStateException(refuse.reason());
          });
      for (int j = 0; j < node.inputs().size(); j++) {
        if (!(choices.get(i) instanceof Choice.Run<C> run && run.packed().contains(j))) {
          read.add(node.input(j));
        }
      }
    }
    List<Home> homes = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      homes.add(home(i, last, read, buffers));
    }
    return new Blueprint<>(graph, List.copyOf(values), homes, instructions, buffers);
  }

  private Home home(int position, int[] last, Set<Value> read, List<Lifetime> buffers) {
    Value value = values.get(position);
    if (owners.get(position) != position) {
      return new Home.Within(owners.get(position));
    }
    if (isKnown(value)) {
      return read.contains(value) ? new Home.Weight(target.place(value)) : new Home.Nowhere();
    }
    int input = graph.inputs().indexOf(value);
    if (input >= 0) {
      buffers.add(new Lifetime(-1, Math.max(-1, last[position])));
      return new Home.Input(input, buffers.size() - 1);
    }
    Integer output = results.get(position);
    if (output != null) {
      return new Home.Output(output);
    }
    buffers.add(new Lifetime(producers.get(position), last[position]));
    return new Home.Arena(buffers.size() - 1);
  }

  private Instruction<K> instruction(Node node, Action<K> action) {
    int[] inputs = node.inputs().stream().mapToInt(v -> v == null ? -1 : position(v)).toArray();
    int[] outputs = node.outputs().stream().mapToInt(this::position).toArray();
    return new Instruction<>(node, inputs, outputs, action);
  }
}
