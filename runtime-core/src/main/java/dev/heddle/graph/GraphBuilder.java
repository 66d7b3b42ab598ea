package dev.heddle.graph;

import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Concat;
import dev.heddle.op.Gather;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a {@link Graph}, node by node, and checks the types of each at once.
 *
 * <pre>{@code
 * var g = new GraphBuilder("scores");
 * Value a = g.input("a", TensorType.of(DType.F32, "rows", 64));
 * Value b = g.constant("b", weights);
 * g.output("y", g.softmax(g.matmul(a, b), -1));
 * Graph graph = g.build();
 * }</pre>
 *
 * Not for several threads at once.
 */
public final class GraphBuilder {
  private final String name;
  private final List<Value> inputs = new ArrayList<>();
  private final Map<Value, HostTensor> constants = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Value> outputs = new LinkedHashMap<>();
  private final List<String> scopes = new ArrayList<>();
  private int nextId;

  /** An empty graph called {@code name}. */
  public GraphBuilder(String name) {
    this.name = name;
  }

  /** What {@code graph} holds but its outputs, to be added to. */
  public static GraphBuilder continuing(Graph graph) {
    GraphBuilder builder = new GraphBuilder(graph.name());
    builder.inputs.addAll(graph.inputs());
    builder.constants.putAll(graph.constants());
    builder.nodes.addAll(graph.nodes());
    int last = -1;
    for (Value value : graph.inputs()) {
      last = Math.max(last, value.id());
    }
    for (Value value : graph.constants().keySet()) {
      last = Math.max(last, value.id());
    }
    for (Node node : graph.nodes()) {
      for (Value value : node.outputs()) {
        last = Math.max(last, value.id());
      }
    }
    builder.nextId = last + 1;
    return builder;
  }

  /** An input that each run is given under {@code name}. */
  public Value input(String name, TensorType type) {
    boolean cache = type.dtype() == CacheWrite.BLOCKS && type.rank() == 3;
    if (type.dtype().isQuantized() && !cache) {
      throw new GraphException(
          "input %s of graph %s: %s; block-quantised tensors are constants, but for caches of q8_0, rank 3"
              .formatted(name, this.name, type));
    }
    Value value = new Value(nextId++, name, type);
    inputs.add(value);
    return value;
  }

  /** A value known already; {@code tensor} must outlive the compilation of the graph. */
  public Value constant(String name, HostTensor tensor) {
    Value value = new Value(nextId++, name, TensorType.of(tensor.dtype(), tensor.shape()));
    constants.put(value, tensor);
    return value;
  }

  /** The tensor behind {@code value} if it is a constant of this builder, else null. */
  public HostTensor constantOf(Value value) {
    return constants.get(value);
  }

  /** A constant without axes. */
  public Value scalar(DType dtype, double number) {
    return constant(Double.toString(number), HostTensor.scalar(dtype, number));
  }

  /** Names the nodes added by {@code body} {@code scope.…}. */
  public void scope(String scope, Runnable body) {
    scopes.add(scope);
    try {
      body.run();
    } finally {
      scopes.removeLast();
    }
  }

  private String scoped(String name) {
    return scopes.isEmpty() ? name : String.join(".", scopes) + "." + name;
  }

  /** Adds a node with one output. Optional inputs that are absent are null. */
  public Value add(String name, Op op, Value... inputs) {
    return addAll(name, op, 1, inputs).getFirst();
  }

  /**
   * Adds a node.
   *
   * @param outputCount how many of its outputs are wanted
   * @throws GraphException if the operands do not fit, naming the node and their types
   */
  public List<Value> addAll(String name, Op op, int outputCount, Value... inputs) {
    String scoped = scoped(name);
    List<TensorType> types =
        Arrays.stream(inputs).map(value -> value == null ? null : value.type()).toList();
    List<TensorType> results = TypeInference.infer(scoped, op, types, outputCount);
    return addTyped(scoped, op, results, Arrays.asList(inputs));
  }

  /**
   * Adds a node whose results' types are known already: for passes, which keep types as they are.
   */
  public List<Value> addTyped(String name, Op op, List<TensorType> results, List<Value> inputs) {
    List<Value> values = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      values.add(new Value(nextId++, i == 0 ? name : name + "." + i, results.get(i)));
    }
    nodes.add(new Node(name, op, inputs, values));
    return values;
  }

  /** Makes {@code value} a result of each run, under {@code name}. */
  public GraphBuilder output(String name, Value value) {
    if (value.type().dtype().isQuantized()) {
      throw new GraphException(
          "output %s of graph %s: %s; cast it to f32 first".formatted(name, this.name, value));
    }
    if (outputs.putIfAbsent(name, value) != null) {
      throw new GraphException("graph " + this.name + ": two outputs are called " + name);
    }
    return this;
  }

  /** The graph built so far. */
  public Graph build() {
    return new Graph(name, inputs, constants, nodes, outputs);
  }

  private static int axis(Value value, int axis) {
    int rank = value.type().rank();
    if (axis < -rank || axis >= rank) {
      throw new GraphException("axis " + axis + " of " + value + ", which has rank " + rank);
    }
    return axis < 0 ? axis + rank : axis;
  }

  /** {@code a @ b}; see {@link MatMul}. */
  public Value matmul(Value a, Value b) {
    return add("matmul", MatMul.PLAIN, a, b);
  }

  /** {@code x @ weight^T + bias}: weight {@code [out, in]}, bias {@code [out]} or null. */
  public Value linear(String name, Value x, Value weight, Value bias) {
    return add(name, MatMul.LINEAR, x, weight, bias);
  }

  /** {@code a + b}, broadcast. */
  public Value add(Value a, Value b) {
    return add("add", new Binary(Binary.Kind.ADD), a, b);
  }

  /** {@code a - b}, broadcast. */
  public Value subtract(Value a, Value b) {
    return add("subtract", new Binary(Binary.Kind.SUB), a, b);
  }

  /** {@code a * b}, broadcast. */
  public Value multiply(Value a, Value b) {
    return add("multiply", new Binary(Binary.Kind.MUL), a, b);
  }

  /** {@code a / b}, broadcast. */
  public Value divide(Value a, Value b) {
    return add("divide", new Binary(Binary.Kind.DIV), a, b);
  }

  /** {@code kind(x)}, element by element. */
  public Value unary(Unary.Kind kind, Value x) {
    return add(kind.name().toLowerCase(java.util.Locale.ROOT), new Unary(kind), x);
  }

  /** Softmax along {@code axis}, which may be negative. */
  public Value softmax(Value x, int axis) {
    return add("softmax", new Softmax(axis(x, axis), false), x);
  }

  /** Layer norm over the last axis; {@code bias} may be null. */
  public Value layerNorm(String name, Value x, Value scale, Value bias, double epsilon) {
    return add(name, new LayerNorm(axis(x, -1), epsilon), x, scale, bias);
  }

  /** RMS norm over the last axis. */
  public Value rmsNorm(String name, Value x, Value scale, double epsilon) {
    return add(name, new RmsNorm(axis(x, -1), epsilon), x, scale);
  }

  /** Rows of {@code table} {@code [vocabulary, hidden]} at {@code ids}. */
  public Value embedding(String name, Value table, Value ids) {
    return add(name, new Gather(0), table, ids);
  }

  /** Attention of a ragged batch: see {@link Attention.Layout#RAGGED}. */
  public Value attention(
      String name, Attention op, Value query, Value key, Value value, Value cuSeqLens) {
    return add(name, op, query, key, value, null, cuSeqLens);
  }

  /** Reduction along {@code axes}, which may be negative. */
  public Value reduce(Reduce.Kind kind, Value x, boolean keepDims, int... axes) {
    List<Integer> resolved = Arrays.stream(axes).map(axis -> axis(x, axis)).boxed().toList();
    return add("reduce", new Reduce(kind, resolved, keepDims), x);
  }

  /** One row per sequence. */
  public Value pool(SegmentPool.Kind kind, Value x, Value cuSeqLens) {
    return add("pool", new SegmentPool(kind), x, cuSeqLens);
  }

  /** The same elements under other dimensions: numbers, symbols' names or {@link Dim}s. */
  public Value reshape(Value x, Object... dims) {
    return add("reshape", new Reshape(TensorType.of(x.type().dtype(), dims).dims()), x);
  }

  /** Permuted axes. */
  public Value transpose(Value x, Integer... permutation) {
    return add("transpose", new Transpose(List.of(permutation)), x);
  }

  /** {@code length} elements from {@code start} along {@code axis}, which may be negative. */
  public Value slice(Value x, int axis, Dim start, Dim length) {
    return add("slice", new Slice(axis(x, axis), start, length, 1), x);
  }

  /** Joined along {@code axis}, which may be negative. */
  public Value concat(int axis, Value... parts) {
    return add("concat", new Concat(axis(parts[0], axis)), parts);
  }

  /** Converted elements; x itself if it has that type already. */
  public Value cast(Value x, DType to) {
    return x.type().dtype() == to ? x : add("cast", new Cast(to), x);
  }
}
