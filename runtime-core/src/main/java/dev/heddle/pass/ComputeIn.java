package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.TypeInference;
import dev.heddle.graph.Value;
import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.CumSum;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.Expand;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.TopK;
import dev.heddle.op.Transpose;
import dev.heddle.op.Triangle;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Stores a float32 graph's numbers in a type of half the size: weights, and what passes between
 * nodes. Sums are float32's all the same, and each result is rounded once. Runs after all other
 * passes, whose patterns know nothing of casts.
 *
 * <p>What is narrow: products, attention, norms, rotations and rows of tables; and what works
 * element by element or moves elements, where it is given something narrow. What stays float32: the
 * graph's inputs and outputs, vectors (biases, norms' scales, tables of angles, slopes), softmax,
 * sums over axes, choices among logits, attention that shows its weights, products with quantised
 * weights. A product or norm whose result nobody takes but such nodes or the caller, as logits are,
 * gives it unrounded. A graph that quantises numbers itself ({@link DynamicQuantize}) stays as it
 * is.
 *
 * @param type F16 or BF16; F32 for the graph as it is
 */
public record ComputeIn(DType type) implements Pass {
  public ComputeIn {
    switch (type) {
      case F32, F16, BF16 -> {}
      default -> throw new IllegalArgumentException(type + "; expected f32, f16 or bf16");
    }
  }

  @Override
  public Graph apply(Graph graph) {
    boolean quantizes = graph.nodes().stream().anyMatch(n -> n.op() instanceof DynamicQuantize);
    return type == DType.F32 || quantizes ? graph : new Narrowing(graph, type).run();
  }

  /** How an operation takes to a narrow type. */
  private enum Manner {
    /** It is computed so. */
    NARROW,
    /** It is computed so where one of its operands is. */
    FOLLOWS,
    /** It takes and gives float32. */
    WIDE
  }

  private static final class Narrowing {
    private final Graph graph;
    private final DType type;
    private final Map<Value, List<Node>> uses;
    private final Map<Value, HostTensor> constants;
    private final List<Node> nodes = new ArrayList<>();

    /** Values of float32, by those of the graph that was given; themselves where not computed. */
    private final Map<Value, Value> wide = new HashMap<>();

    /** The same of the narrow type. */
    private final Map<Value, Value> narrow = new HashMap<>();

    /** Those that are computed in the narrow type. */
    private final Set<Value> computedNarrow = new HashSet<>();

    /** Those that nobody wants but in float32. */
    private final Set<Value> wanted = new HashSet<>();

    private int nextId;

    Narrowing(Graph graph, DType type) {
      this.graph = graph;
      this.type = type;
      this.uses = graph.uses();
      this.constants = new LinkedHashMap<>(graph.constants());
      Stream<Value> given = Stream.concat(graph.inputs().stream(), constants.keySet().stream());
      Stream<Value> computed = graph.nodes().stream().flatMap(node -> node.outputs().stream());
      this.nextId = 1 + Stream.concat(given, computed).mapToInt(Value::id).max().orElse(0);
    }

    Graph run() {
      findWanted();
      graph.nodes().forEach(this::add);
      Map<String, Value> outputs = new LinkedHashMap<>();
      graph.outputs().forEach((name, value) -> outputs.put(name, wide(value)));
      Set<Value> used = new HashSet<>(outputs.values());
      nodes.forEach(node -> used.addAll(node.inputs()));
      constants.keySet().retainAll(used);
      return new Graph(graph.name(), graph.inputs(), constants, nodes, outputs);
    }

    private Manner manner(Node node) {
      if (node.op() instanceof Gather && isTable(node)) {
        return Manner.NARROW;
      }
      if (node.outputs().stream().noneMatch(Narrowing::isF32)) {
        return Manner.WIDE;
      }
      return switch (node.op()) {
        case MatMul _ -> blocks(node.input(MatMul.B)) ? Manner.WIDE : Manner.NARROW;
        case ExpertMatMul _ ->
            blocks(node.input(ExpertMatMul.WEIGHTS)) ? Manner.WIDE : Manner.NARROW;
        case Attention op -> op.map() == Attention.Map.NONE ? Manner.NARROW : Manner.WIDE;
        case LayerNorm _, RmsNorm _, RotaryEmbedding _ -> Manner.NARROW;
        case Gather _ -> isKnown(node.input(Gather.X)) ? Manner.NARROW : Manner.FOLLOWS;
        case Cast _ -> node.input(0).type().dtype().isFloat() ? Manner.NARROW : Manner.WIDE;
        case Unary _,
            Binary _,
            Where _,
            Reshape _,
            Transpose _,
            Expand _,
            Concat _,
            Slice _,
            Pad _,
            Triangle _,
            GatherElements _,
            GatherNd _ ->
            Manner.FOLLOWS;
        case ArgReduce _,
            CacheWrite _,
            Compare _,
            CumSum _,
            DimensionsOf _,
            DynamicQuantize _,
            Fill _,
            Range _,
            Reduce _,
            Sample _,
            SegmentPool _,
            Softmax _,
            TopK _ ->
            Manner.WIDE;
      };
    }

    /** A known table of another float type, whose rows nobody wants but as float32. */
    private boolean isTable(Node gather) {
      List<Node> users = uses.getOrDefault(gather.output(), List.of());
      return isKnown(gather.input(Gather.X))
          && !graph.outputs().containsValue(gather.output())
          && users.stream().allMatch(user -> user.op() instanceof Cast(DType to) && to == DType.F32)
          && !users.isEmpty()
          && gather.output().type().dtype().isFloat()
          && gather.output().type().dtype() != type;
    }

    private boolean isKnown(Value value) {
      return graph.constant(value) != null && !blocks(value);
    }

    private static boolean blocks(Value value) {
      return value.type().dtype().isQuantized();
    }

    private static boolean isF32(Value value) {
      return value.type().dtype() == DType.F32;
    }

    // Who wants what.

    private void findWanted() {
      Set<Value> results = Set.copyOf(graph.outputs().values());
      for (Node node : graph.nodes().reversed()) {
        for (Value value : node.outputs()) {
          List<Node> users = uses.getOrDefault(value, List.of());
          boolean used = !users.isEmpty() || results.contains(value);
          if (isF32(value) && used && users.stream().allMatch(this::wantsWide)) {
            wanted.add(value);
          }
        }
      }
    }

    private boolean wantsWide(Node user) {
      return switch (manner(user)) {
        case NARROW -> false;
        case FOLLOWS -> wanted.containsAll(user.outputs());
        // Rows are rounded to the cache's type in any case.
        case WIDE -> !(user.op() instanceof CacheWrite) || blocks(user.input(CacheWrite.CACHE));
      };
    }

    // The new nodes.

    private void add(Node node) {
      Manner manner = manner(node);
      boolean unrounded = wanted.containsAll(node.outputs());
      boolean becomesNarrow =
          switch (manner) {
            case NARROW -> !unrounded || !mayGiveUnrounded(node.op());
            case FOLLOWS -> !unrounded && node.inputs().stream().anyMatch(computedNarrow::contains);
            case WIDE -> false;
          };
      if (node.op() instanceof Cast && becomesNarrow) {
        castOnly(node.output(), node.input(0));
        return;
      }
      List<Value> inputs = new ArrayList<>();
      for (int i = 0; i < node.inputs().size(); i++) {
        inputs.add(node.has(i) ? operand(node, manner, i, becomesNarrow) : null);
      }
      List<Value> outputs = new ArrayList<>();
      for (Value output : node.outputs()) {
        if (becomesNarrow) {
          Value result = new Value(nextId++, output.name(), output.type().with(type));
          narrow.put(output, result);
          computedNarrow.add(output);
          outputs.add(result);
        } else {
          wide.put(output, output);
          outputs.add(output);
        }
      }
      nodes.add(checked(new Node(node.name(), node.op(), inputs, outputs)));
    }

    /** Those whose operands may be of two types, with nothing lost by it. */
    private static boolean mayGiveUnrounded(Op op) {
      return switch (op) {
        case MatMul _, LayerNorm _, RmsNorm _, Gather _, Cast _ -> true;
        default -> false;
      };
    }

    /** A cast between floats is one to the narrow type at once, or none. */
    private void castOnly(Value output, Value input) {
      boolean narrows = isF32(input) || computedNarrow.contains(input);
      Value result = narrows || input.type().dtype() == type ? narrow(input) : null;
      if (result == null) {
        result = new Value(nextId++, output.name(), output.type().with(type));
        nodes.add(new Node(output.name(), new Cast(type), List.of(input), List.of(result)));
      }
      narrow.put(output, result);
      computedNarrow.add(output);
    }

    private Value operand(Node node, Manner manner, int position, boolean becomesNarrow) {
      Value value = node.input(position);
      boolean paged = node.has(Attention.PAGES);
      return switch (node.op()) {
        case MatMul _ when manner == Manner.NARROW && position == MatMul.B -> weight(value);
        case MatMul _ when manner == Manner.NARROW && position == MatMul.BIAS -> asItIs(value);
        case ExpertMatMul _ when manner == Manner.NARROW && position >= ExpertMatMul.WEIGHTS ->
            weight(value);
        case LayerNorm _ when position == LayerNorm.SCALE || position == LayerNorm.BIAS ->
            wide(value);
        case RmsNorm _ when position == RmsNorm.SCALE -> wide(value);
        case RotaryEmbedding _ when position != RotaryEmbedding.X -> wide(value);
        case Attention _ when position > Attention.VALUE -> asItIs(value);
        case Attention _ when paged && position != Attention.QUERY -> asItIs(value);
        // Blocks are made of float32.
        case CacheWrite _ when blocks(node.input(CacheWrite.CACHE)) -> wide(value);
        case CacheWrite _ -> asItIs(value);
        default -> becomesNarrow && !isIndex(node, position) ? narrow(value) : wide(value);
      };
    }

    private static boolean isIndex(Node node, int position) {
      return !node.input(position).type().dtype().isFloat();
    }

    /** A matrix is stored narrow, whatever the other operand is. */
    private Value weight(Value value) {
      boolean known = isKnown(value);
      return known || computedNarrow.contains(value) ? narrow(value) : wide(value);
    }

    private Value asItIs(Value value) {
      return computedNarrow.contains(value) ? narrow(value) : wide(value);
    }

    /** The value in float32, cast back if need be; a value of another type is itself. */
    private Value wide(Value value) {
      return computedNarrow.contains(value)
          ? wide.computeIfAbsent(value, v -> cast(narrow.get(v), DType.F32))
          : value;
    }

    /** The value in the narrow type. */
    private Value narrow(Value value) {
      if (value.type().dtype() == type) {
        return value;
      }
      Value known = narrow.get(value);
      if (known == null) {
        known = narrowed(value);
        narrow.put(value, known);
      }
      return known;
    }

    private Value narrowed(Value value) {
      HostTensor constant = constants.get(value);
      Node producer = graph.producer(value);
      if (constant != null) {
        Value result = new Value(nextId++, value.name(), value.type().with(type));
        constants.put(result, constant.rounded(type));
        return result;
      }
      if (producer != null && producer.op() instanceof Fill fill) {
        Value result = new Value(nextId++, value.name(), value.type().with(type));
        Op same = new Fill(type, fill.dims(), fill.value());
        nodes.add(new Node(producer.name(), same, List.of(), List.of(result)));
        return result;
      }
      return cast(value, type);
    }

    private Value cast(Value value, DType to) {
      Value result = new Value(nextId++, value.name() + "." + to, value.type().with(to));
      nodes.add(new Node(result.name(), new Cast(to), List.of(value), List.of(result)));
      return result;
    }

    /** The node, whose types must be what its operation makes of its operands'. */
    private static Node checked(Node node) {
      List<TensorType> inputs =
          node.inputs().stream().map(value -> value == null ? null : value.type()).toList();
      List<TensorType> types =
          TypeInference.infer(node.name(), node.op(), inputs, node.outputs().size());
      for (int i = 0; i < types.size(); i++) {
        DType expected = types.get(i).dtype();
        if (node.outputs().get(i).type().dtype() != expected) {
          throw new GraphException(node + ": the result would be " + expected);
        }
      }
      return node;
    }
  }
}
