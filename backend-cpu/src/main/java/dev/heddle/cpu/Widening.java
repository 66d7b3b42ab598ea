package dev.heddle.cpu;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Cast;
import dev.heddle.pass.Folding;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Brings nodes of f16 and bf16 to the kernels of float32: their operands are cast to f32, each once
 * for all that take it, constants at compile time; their results are cast back. So each result is
 * rounded to its type once, and the graph's own values stay what they are.
 */
final class Widening {
  /** A constant of more bytes in f32 is cast by each run: here the Java heap must hold the cast. */
  private static final long LARGEST_CONSTANT = 1 << 26;

  private final CpuKernels kernels;
  private final Map<Value, HostTensor> constants;
  private final List<Node> nodes = new ArrayList<>();

  /** Values of f16 and bf16, each with its cast to f32. */
  private final Map<Value, Value> casts = new HashMap<>();

  private int nextId;

  private Widening(Graph graph, CpuKernels kernels) {
    this.kernels = kernels;
    this.constants = new LinkedHashMap<>(graph.constants());
    Stream<Value> given = Stream.concat(graph.inputs().stream(), constants.keySet().stream());
    Stream<Value> computed = graph.nodes().stream().flatMap(node -> node.outputs().stream());
    this.nextId = 1 + Stream.concat(given, computed).mapToInt(Value::id).max().orElse(0);
  }

  /** The graph with casts around each node that runs faster in f32. */
  static Graph apply(Graph graph, CpuKernels kernels) {
    Widening widening = new Widening(graph, kernels);
    graph.nodes().forEach(widening::add);
    return new Graph(
        graph.name(), graph.inputs(), widening.constants, widening.nodes, graph.outputs());
  }

  private void add(Node node) {
    Node wide = kernels.widened(node, constants::containsKey);
    List<Value> inputs = new ArrayList<>(node.inputs());
    for (int i = 0; i < inputs.size(); i++) {
      if (node.has(i) && !node.input(i).equals(wide.input(i))) {
        inputs.set(i, casts.computeIfAbsent(node.input(i), this::cast));
      }
    }
    List<Value> outputs = new ArrayList<>(node.outputs());
    List<Node> castsBack = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      Value result = outputs.get(i);
      DType dtype = result.type().dtype();
      if (!result.equals(wide.outputs().get(i))) {
        Value unrounded = new Value(nextId++, result.name() + ".unrounded", f32(result).type());
        outputs.set(i, unrounded);
        castsBack.add(
            new Node(
                result.name() + "." + dtype, new Cast(dtype), List.of(unrounded), List.of(result)));
      }
    }
    nodes.add(new Node(node.name(), node.op(), inputs, outputs));
    nodes.addAll(castsBack);
  }

  /** {@code value} in f32: a constant where it is one, else the result of a new node. */
  private Value cast(Value value) {
    Value wide = new Value(nextId++, value.name() + ".f32", f32(value).type());
    Node node = new Node(wide.name(), new Cast(DType.F32), List.of(value), List.of(wide));
    HostTensor constant = constants.get(value);
    Optional<List<HostTensor>> known =
        constant == null
            ? Optional.empty()
            : Folding.evaluate(node, List.of(constant), LARGEST_CONSTANT);
    known.ifPresentOrElse(
        tensors -> constants.put(wide, tensors.getFirst()), () -> nodes.add(node));
    return wide;
  }

  /** {@code value} as if it were of f32, if it is of f16 or bf16; else itself. */
  static Value f32(Value value) {
    return switch (value.type().dtype()) {
      case F16, BF16 -> new Value(value.id(), value.name(), value.type().with(DType.F32));
      default -> value;
    };
  }
}
