package dev.heddle.cpu;

import dev.heddle.backend.Plan;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.backend.Work;
import dev.heddle.cpu.Blueprint.Action;
import dev.heddle.cpu.Blueprint.Home;
import dev.heddle.cpu.Blueprint.Instruction;
import dev.heddle.cpu.Blueprint.Lifetime;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** From a graph to a {@link Blueprint}: kernels, the places of values, and the plan for people. */
final class CpuCompiler {
  private final Graph graph;
  private final Weights weights;
  private final CpuKernels kernels;
  private final List<Value> values = new ArrayList<>();
  private final Map<Value, Integer> positions = new HashMap<>();
  private final List<Node> nodes;
  private final List<Choice> choices = new ArrayList<>();

  /** By value: the instruction that produces it; -1 for inputs and constants. */
  private final List<Integer> producers = new ArrayList<>();

  /** The value that a value's memory belongs to: itself, or what it is a view of. */
  private final List<Integer> owners = new ArrayList<>();

  /** By output: the value whose memory the caller is given. */
  private final Map<Integer, Integer> results = new LinkedHashMap<>();

  private CpuCompiler(Graph graph, Weights weights, CpuKernels kernels) {
    this.graph = graph;
    this.weights = weights;
    this.kernels = kernels;
    this.nodes = new ArrayList<>(graph.nodes());
  }

  /** What compiling gives. */
  record Result(Blueprint blueprint, Plan plan) {}

  /**
   * Compiles {@code graph}; {@code weights} takes its constants.
   *
   * @throws UnsupportedGraphException if there is no kernel for a node
   */
  static Result compile(Graph graph, Weights weights, CpuKernels kernels, List<String> notes) {
    return new CpuCompiler(graph, weights, kernels).compile(notes);
  }

  private Result compile(List<String> notes) {
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
    Blueprint blueprint = place(lastUses);
    return new Result(blueprint, new Plan(steps, weights.bytes(), notes));
  }

  private void choose() {
    List<UnsupportedGraphException.Refusal> refusals = new ArrayList<>();
    for (Node node : nodes) {
      Choice choice = kernels.choose(node, weights::contains);
      choices.add(choice);
      if (choice instanceof Choice.Refuse(String reason)) {
        refusals.add(new UnsupportedGraphException.Refusal(node, reason));
      }
    }
    if (!refusals.isEmpty()) {
      throw new UnsupportedGraphException(CpuProvider.NAME, graph.name(), refusals);
    }
  }

  private static Plan.Step step(Node node, Choice choice) {
    return switch (choice) {
      case Choice.Run run ->
          new Plan.Step(node, run.name(), run.why(), Work.bytes(node), Work.flops(node));
      case Choice.View view -> new Plan.Step(node, "view", view.why(), Dim.ZERO, Dim.ZERO);
      case Choice.Refuse refuse -> throw new IllegalStateException(refuse.reason());
    };
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
      if (choices.get(i) instanceof Choice.View) {
        owners.set(position(nodes.get(i).output()), position(nodes.get(i).input(0)));
      } else if (choices.get(i) instanceof Choice.Run run && run.into() >= 0) {
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
    choices.add(CpuMove.copy("the output needs memory of its own"));
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
      if (choices.get(i) instanceof Choice.Run run) {
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

  private Blueprint place(int[] last) {
    List<Lifetime> buffers = new ArrayList<>();
    List<Instruction> instructions = new ArrayList<>();
    Set<Value> read = new HashSet<>();
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      instructions.add(
          switch (choices.get(i)) {
            case Choice.View view -> instruction(node, new Action.View(view.offset()));
            case Choice.Run run -> {
              Choice.Kernel kernel = run.preparation().prepare(node, weights);
              buffers.add(new Lifetime(i, i));
              yield instruction(node, new Action.Run(kernel, buffers.size() - 1));
            }
            case Choice.Refuse refuse -> throw new IllegalStateException(refuse.reason());
          });
      for (int j = 0; j < node.inputs().size(); j++) {
        if (!(choices.get(i) instanceof Choice.Run run && run.packed() == j)) {
          read.add(node.input(j));
        }
      }
    }
    List<Home> homes = new ArrayList<>();
    for (int i = 0; i < values.size(); i++) {
      homes.add(home(i, last, read, buffers));
    }
    return new Blueprint(graph, List.copyOf(values), homes, instructions, buffers);
  }

  private Home home(int position, int[] last, Set<Value> read, List<Lifetime> buffers) {
    Value value = values.get(position);
    if (owners.get(position) != position) {
      return new Home.Within(owners.get(position));
    }
    if (weights.contains(value)) {
      return read.contains(value) ? new Home.Weight(weights.address(value)) : new Home.Nowhere();
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

  private Instruction instruction(Node node, Action action) {
    int[] inputs = node.inputs().stream().mapToInt(v -> v == null ? -1 : position(v)).toArray();
    int[] outputs = node.outputs().stream().mapToInt(this::position).toArray();
    return new Instruction(node, inputs, outputs, action);
  }
}
