package dev.heddle.pass;

import static dev.heddle.pass.RaggedItems.refuse;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.CumSum;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.Expand;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.pass.RaggedItems.Each;
import dev.heddle.pass.RemovePadding.NotTokenWiseException;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Translates a graph over {@code [batch, sequence, ...]} into one over {@code [tokens, ...]}, node
 * by node. A value is one of three: the same for every token (weights), one item a token, or one
 * item a sequence. Of the latter two, the leading axes become one.
 */
final class RaggedGraph {
  private final Graph graph;
  private final Dim batch;
  private final Dim sequence;
  private final GraphBuilder ragged;
  private final Map<Value, RaggedItems> items = new HashMap<>();
  private final Map<Value, Value> shared = new HashMap<>();
  private final Value cuSeqLens;
  private final RaggedSources sources;

  RaggedGraph(Graph graph, Dim batch, Dim sequence) {
    this.graph = graph;
    this.batch = batch;
    this.sequence = sequence;
    this.ragged = new GraphBuilder(graph.name());
    this.sources = new RaggedSources(ragged, batch, sequence);
    for (Value input : graph.inputs()) {
      TensorType type = TensorType.of(input.type().dtype(), "tokens");
      items.put(input, new RaggedItems(ragged.input(input.name(), type), Each.TOKEN, 2));
    }
    Dim starts = Dim.symbol("sequences").plus(Dim.ONE);
    this.cuSeqLens = ragged.input(RemovePadding.CU_SEQ_LENS, TensorType.of(DType.I32, starts));
  }

  Graph convert() {
    for (Node node : graph.nodes()) {
      try {
        convert(node);
      } catch (GraphException e) {
        throw refuse(node, "has no ragged form (" + e.getMessage() + ")");
      }
    }
    graph
        .outputs()
        .forEach((name, value) -> {
          if (!items.containsKey(value)) {
            throw new NotTokenWiseException("output " + name + " does not depend on the tokens");
          }
          ragged.output(name, items.get(value).value());
        });
    return ragged.build();
  }

  private void convert(Node node) {
    boolean hasItems = node.inputs().stream().anyMatch(items::containsKey);
    if (!hasItems && !dependsOnSizes(node)) {
      Value[] inputs = node.inputs().stream().map(this::shared).toArray(Value[]::new);
      List<Value> results = ragged.addAll(node.name(), node.op(), node.outputs().size(), inputs);
      for (int i = 0; i < results.size(); i++) {
        shared.put(node.outputs().get(i), results.get(i));
      }
      return;
    }
    RaggedItems result =
        hasItems
            ? items(node)
            : switch (node.op()) {
              case Range range -> sources.range(node, range);
              case Slice slice -> rows(node, slice);
              case Fill fill -> sources.fill(node, fill);
              default -> throw refuse(node, "depends on the length of the sequences");
            };
    items.put(node.output(), result);
    if (!items.keySet().containsAll(node.outputs())) {
      throw refuse(node, "has a second result");
    }
  }

  private RaggedItems rows(Node node, Slice slice) {
    Value table = node.input(0);
    return sources.rows(node, slice, shared(table), graph.constant(table));
  }

  private boolean dependsOnSizes(Node node) {
    Set<String> symbols = new TreeSet<>();
    node.outputs().forEach(output -> symbols.addAll(output.type().symbols()));
    if (node.op() instanceof Slice slice) {
      slice.start().addSymbols(symbols);
    }
    return !symbols.isEmpty() || node.op() instanceof DimensionsOf;
  }

  /** A value that is the same for every token; null for an absent one. */
  private Value shared(Value value) {
    if (value == null) {
      return null;
    }
    HostTensor constant = graph.constant(value);
    if (constant != null) {
      return shared.computeIfAbsent(value, v -> ragged.constant(v.name(), constant));
    }
    return shared.get(value);
  }

  private RaggedItems items(Node node, int position) {
    RaggedItems found = items.get(node.input(position));
    if (found == null) {
      throw refuse(node, "takes no tokens as operand " + position);
    }
    return found;
  }

  /** What is the same for every token at {@code position}; null where it is absent. */
  private Value sharedAt(Node node, int position) {
    if (items.containsKey(node.input(position))) {
      throw refuse(node, "takes tokens as operand " + position);
    }
    return shared(node.input(position));
  }

  // What works item by item.

  private RaggedItems items(Node node) {
    return switch (node.op()) {
      case Unary _, Cast _, Binary _, Compare _, Where _ -> broadcast(node);
      case Gather gather -> gather(node, gather);
      case MatMul matmul -> matmul(node, matmul);
      case Attention attention -> attention(node, attention);
      case LayerNorm o -> norm(node, new LayerNorm(itemAxis(node, o.axis()), o.epsilon()));
      case RmsNorm o -> norm(node, new RmsNorm(itemAxis(node, o.axis()), o.epsilon()));
      case DynamicQuantize o -> dynamicQuantize(node, o);
      case Softmax o -> same(node, new Softmax(itemAxis(node, o.axis()), o.log()));
      case Reduce o -> same(node, new Reduce(o.kind(), itemAxes(node, o.axes()), o.keepDims()));
      case ArgReduce o ->
          same(
              node,
              new ArgReduce(o.largest(), itemAxis(node, o.axis()), o.keepDims(), o.lastWins()));
      case CumSum o -> runningSums(node, o);
      case Slice o -> slice(node, o);
      case Concat o -> broadcast(node, new Concat(itemAxis(node, o.axis())));
      case Reshape o -> reshape(node, o);
      case Expand o -> expand(node, o);
      case Transpose o -> transpose(node, o);
      default -> throw refuse(node, "is not known to work token by token");
    };
  }

  private int itemAxis(Node node, int axis) {
    return items(node, 0).axis(axis, node);
  }

  private List<Integer> itemAxes(Node node, List<Integer> axes) {
    return axes.stream().map(axis -> itemAxis(node, axis)).toList();
  }

  private RaggedItems same(Node node, Op op) {
    RaggedItems x = items(node, 0);
    return x.with(ragged.add(node.name(), op, x.value()));
  }

  private RaggedItems broadcast(Node node) {
    return broadcast(node, node.op());
  }

  /** RaggedItems against items of the same rank, or against what is the same for every item. */
  private RaggedItems broadcast(Node node, Op op) {
    RaggedItems first = null;
    Value[] inputs = new Value[node.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      RaggedItems own = items.get(node.input(i));
      if (own == null) {
        inputs[i] = shared(node.input(i));
        continue;
      }
      inputs[i] = own.value();
      if (first == null) {
        first = own;
      } else if (own.itemRank() != first.itemRank() || own.each() != first.each()) {
        throw refuse(node, "joins tokens that do not lie side by side");
      } else if (own.lead() > first.lead()) {
        first = own;
      }
    }
    for (int i = 0; i < inputs.length; i++) {
      boolean fits = items.containsKey(node.input(i)) || rank(inputs[i]) <= first.itemRank();
      if (!fits) {
        inputs[i] = flattened(node, inputs[i], first.itemRank());
      }
    }
    return first.with(ragged.add(node.name(), op, inputs));
  }

  private static int rank(Value value) {
    return value.type().rank();
  }

  /** A shared operand without leading axes of extent 1. */
  private Value flattened(Node node, Value value, int rank) {
    List<Dim> dims = value.type().dims();
    List<Dim> left = dims.subList(dims.size() - rank, dims.size());
    if (!dims.subList(0, dims.size() - rank).stream().allMatch(dim -> dim.is(1))) {
      throw refuse(node, "joins tokens with something along the sequences");
    }
    return ragged.add(value.name(), new Reshape(left), value);
  }

  private RaggedItems norm(Node node, Op op) {
    RaggedItems x = items(node, 0);
    Value[] inputs = new Value[node.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      RaggedItems own = items.get(node.input(i));
      inputs[i] = own == null ? shared(node.input(i)) : own.value();
    }
    List<Value> results = ragged.addAll(node.name(), op, node.outputs().size(), inputs);
    for (int i = 1; i < results.size(); i++) {
      items.put(node.outputs().get(i), x.with(results.get(i)));
    }
    return x.with(results.getFirst());
  }

  /**
   * What has a range for each sequence has it from the tokens of that, of which none is padding.
   */
  private RaggedItems dynamicQuantize(Node node, DynamicQuantize op) {
    RaggedItems x = items(node, DynamicQuantize.X);
    if (x.each() == Each.TOKEN && x.lead() == 2 && op.axis() == 1) {
      DynamicQuantize bySequence = new DynamicQuantize(0, op.dequantized());
      return x.with(ragged.add(node.name(), bySequence, x.value(), cuSeqLens));
    }
    return norm(node, new DynamicQuantize(x.axis(op.axis(), node), op.dequantized()));
  }

  private RaggedItems gather(Node node, Gather gather) {
    RaggedItems indices = items.get(node.input(Gather.INDICES));
    if (indices != null) {
      if (gather.axis() != 0) {
        throw refuse(node, "looks tokens up along another axis than the first");
      }
      Value table = sharedAt(node, Gather.X);
      return indices.with(ragged.add(node.name(), gather, table, indices.value()));
    }
    RaggedItems x = items(node, Gather.X);
    Value index = shared(node.input(Gather.INDICES));
    HostTensor constant = graph.constant(node.input(Gather.INDICES));
    boolean first =
        constant != null
            && constant.shape().rank() == 0
            && constant.getLong(0) == 0
            && x.runsAlong(gather.axis());
    if (first) {
      return firstTokens(node, x);
    }
    Gather moved = new Gather(x.axis(gather.axis(), node));
    return x.with(ragged.add(node.name(), moved, x.value(), index));
  }

  /** The first token of each sequence, {@code [sequences, hidden]}. */
  private RaggedItems firstTokens(Node node, RaggedItems x) {
    SegmentPool pool = new SegmentPool(SegmentPool.Kind.FIRST);
    return new RaggedItems(ragged.add(node.name(), pool, x.value(), cuSeqLens), Each.SEQUENCE, 1);
  }

  private RaggedItems slice(Node node, Slice slice) {
    RaggedItems x = items(node, 0);
    if (x.runsAlong(slice.axis()) && slice.start().is(0) && slice.length().is(1)) {
      RaggedItems first = firstTokens(node, x);
      List<Dim> dims = new ArrayList<>(first.value().type().dims());
      dims.add(1, Dim.ONE);
      return first.with(ragged.add(node.name(), new Reshape(dims), first.value()));
    }
    Slice moved =
        new Slice(x.axis(slice.axis(), node), slice.start(), slice.length(), slice.step());
    return x.with(ragged.add(node.name(), moved, x.value()));
  }

  /**
   * Sums that run along each sequence: those that run over all tokens, less what they were before
   * the sequence's first token. Exact for whole numbers, which is what exporters count with.
   */
  private RaggedItems runningSums(Node node, CumSum sums) {
    RaggedItems x = items(node, 0);
    boolean counts =
        x.each() == Each.TOKEN
            && x.lead() == 2
            && x.itemRank() == 0
            && sums.axis() == 1
            && !sums.reverse()
            && x.value().type().dtype().isInteger();
    if (!counts) {
      throw refuse(node, "sums along the sequences");
    }
    Value before = ragged.add(node.name(), new CumSum(0, true, false), x.value());
    Range counted = new Range(DType.I32, Dim.ZERO, x.value().type().dim(0), 1);
    Value start = ragged.subtract(ragged.add(node.name(), counted), sources.positions());
    Value all =
        sums.exclusive() ? before : ragged.add(node.name(), new CumSum(0, false, false), x.value());
    Value others = ragged.add(node.name(), new Gather(0), before, start);
    return x.with(ragged.subtract(all, others));
  }

  private RaggedItems matmul(Node node, MatMul matmul) {
    RaggedItems a = items(node, MatMul.A);
    Value b = sharedAt(node, MatMul.B);
    Value bias = sharedAt(node, MatMul.BIAS);
    boolean rows =
        a.itemRank() >= 1
            && !matmul.transposeA()
            && rank(b) == 2
            && (bias == null || rank(bias) == 1);
    if (!rows) {
      throw refuse(node, "multiplies something else than tokens by a matrix");
    }
    Value residual = null;
    if (node.has(MatMul.RESIDUAL)) {
      residual = items(node, MatMul.RESIDUAL).value();
    }
    return a.with(ragged.add(node.name(), matmul, a.value(), b, bias, residual));
  }

  private RaggedItems attention(Node node, Attention attention) {
    boolean plain =
        attention.layout() == Layout.TOKENS
            && !node.has(Attention.MASK)
            && !node.has(Attention.KEY_LENGTHS);
    if (!plain) {
      throw refuse(node, "attends by more than the sequences' lengths");
    }
    Value[] inputs = new Value[node.inputs().size()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = i <= Attention.VALUE ? items(node, i).value() : sharedAt(node, i);
    }
    Value[] all = Arrays.copyOf(inputs, Math.max(inputs.length, Attention.CU_SEQ_LENS + 1));
    all[Attention.CU_SEQ_LENS] = cuSeqLens;
    return items(node, 0).with(ragged.add(node.name(), attention.with(Layout.RAGGED), all));
  }

  // Views.

  /** The axes that stand for the tokens stay together; those of the item may change. */
  private RaggedItems reshape(Node node, Reshape reshape) {
    RaggedItems x = items(node, 0);
    int lead = lead(node, x, reshape.dims());
    return new RaggedItems(
        ragged.add(node.name(), new Reshape(ragged(x, reshape.dims(), lead)), x.value()),
        x.each(),
        lead);
  }

  private static List<Dim> ragged(RaggedItems x, List<Dim> dims, int lead) {
    List<Dim> flat = new ArrayList<>(List.of(x.value().type().dim(0)));
    flat.addAll(dims.subList(lead, dims.size()));
    return flat;
  }

  /** How many of {@code dims} stand for the tokens, or sequences, of x. */
  private int lead(Node node, RaggedItems x, List<Dim> dims) {
    Dim own = x.each() == Each.TOKEN ? sequence : batch;
    List<Dim> before = node.input(0).type().dims().subList(0, x.lead());
    if (dims.size() >= x.lead() && dims.subList(0, x.lead()).equals(before)) {
      return x.lead();
    }
    Dim all = Dim.product(before);
    for (int lead = 1; lead <= dims.size(); lead++) {
      Dim last = dims.get(lead - 1);
      boolean alone = dims.subList(0, lead - 1).stream().allMatch(dim -> dim.is(1));
      if (alone && last.equals(all)
          || last.equals(own) && Dim.product(dims.subList(0, lead)).equals(all)) {
        return lead;
      }
    }
    throw refuse(node, "tears tokens apart");
  }

  private RaggedItems expand(Node node, Expand expand) {
    RaggedItems x = items(node, 0);
    List<Dim> dims = node.output().type().dims();
    int itemRank = x.itemRank();
    int lead = dims.size() - itemRank;
    boolean ofTokens =
        x.each() == Each.TOKEN
            ? dims.get(lead - 1).equals(sequence)
                && (lead < 2 || dims.get(lead - 2).equals(batch) || dims.get(lead - 2).is(1))
            : dims.get(lead - 1).equals(batch);
    if (!ofTokens || lead > 2) {
      throw refuse(node, "repeats tokens");
    }
    Value y = ragged.add(node.name(), new Expand(dims.subList(lead, dims.size())), x.value());
    return new RaggedItems(y, x.each(), lead);
  }

  private RaggedItems transpose(Node node, Transpose transpose) {
    RaggedItems x = items(node, 0);
    List<Integer> axes = new ArrayList<>(List.of(0));
    for (int i = 0; i < transpose.permutation().size(); i++) {
      int from = transpose.permutation().get(i);
      if (i < x.lead()) {
        if (from != i) {
          throw refuse(node, "moves tokens");
        }
      } else {
        axes.add(from - x.lead() + 1);
      }
    }
    return x.with(ragged.add(node.name(), new Transpose(axes), x.value()));
  }
}
