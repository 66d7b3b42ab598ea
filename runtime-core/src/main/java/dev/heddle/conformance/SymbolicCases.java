package dev.heddle.conformance;

import dev.heddle.conformance.Programs.Placement;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.SymbolValues;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.Expand;
import dev.heddle.op.Fill;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Slice;
import dev.heddle.op.TopK;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Graphs whose extents are symbols: one program, run at many sizes, larger and smaller in turn, so
 * that nothing of one run is left for the next.
 */
final class SymbolicCases {
  private static final Dim A = Dim.symbol("a");
  private static final Dim B = Dim.symbol("b");
  private static final int[][] SIZES = {
    {3, 5}, {1, 1}, {129, 33}, {0, 4}, {17, 64}, {4, 0}, {64, 17}, {2, 129}, {3, 5}
  };
  private static final Tolerance CLOSE = Tolerance.sum(DType.F32, 64);

  private SymbolicCases() {}

  /** A case whose inputs all are {@code f32} of the dimensions given. */
  private static Case make(
      String op,
      String what,
      Tolerance tolerance,
      BiConsumer<GraphBuilder, Value[]> body,
      Dim[]... inputs) {
    return new Case(
        op,
        DType.F32,
        "symbolic/" + what,
        (backend, data) -> {
          var g = new GraphBuilder("symbolic");
          Value[] values = new Value[inputs.length];
          for (int i = 0; i < inputs.length; i++) {
            values[i] = g.input("x" + i, new TensorType(DType.F32, List.of(inputs[i])));
          }
          body.accept(g, values);
          Graph graph = g.build();
          return Programs.check(
              backend,
              graph,
              program -> {
                for (int[] size : SIZES) {
                  Map<String, HostTensor> given = new LinkedHashMap<>();
                  for (Value value : values) {
                    long[] shape = value.type().shape(s -> size["ab".indexOf(s)]).toArray();
                    given.put(value.name(), data.normal(DType.F32, shape));
                  }
                  // Bound by hand only where no shape tells, as in a + b.
                  Map<String, Long> symbols =
                      isTold(graph) ? Map.of() : Map.of("a", (long) size[0], "b", (long) size[1]);
                  Placement placement = Placement.values()[data.below(4)];
                  String difference =
                      Programs.compare(
                          backend, program, graph, given, symbols, placement, tolerance);
                  if (difference != null) {
                    return "a=%d, b=%d: %s".formatted(size[0], size[1], difference);
                  }
                }
                return null;
              });
        });
  }

  private static boolean isTold(Graph graph) {
    return graph.symbols().containsAll(new SymbolValues(graph).names())
        && graph.inputs().stream()
            .flatMap(input -> input.type().dims().stream())
            .allMatch(dim -> dim.isFixed() || dim.asLinear() != null);
  }

  private static Case node(String what, Tolerance tolerance, Op op, Dim[]... inputs) {
    return make(op.name(), what, tolerance, (g, x) -> g.output("y", g.add("op", op, x)), inputs);
  }

  private static Dim[] dims(Object... dims) {
    return TensorType.of(DType.F32, dims).dims().toArray(Dim[]::new);
  }

  private static HostTensor weights(int rows, int columns) {
    return new Data("weights " + rows + "x" + columns).normal(DType.F32, rows, columns);
  }

  static Stream<Case> all() {
    return Stream.of(products(), rows(), moves(), attention()).flatMap(cases -> cases);
  }

  private static Stream<Case> products() {
    return Stream.of(
        make(
            "MatMul",
            "rows by constant weights",
            CLOSE,
            (g, x) -> {
              Value bias = g.constant("bias", weights(1, 130).reshape(130));
              Value weight = g.constant("weight", weights(130, 65));
              g.output("y", g.linear("op", x[0], weight, bias));
            },
            dims(A, 65)),
        node("a and b", CLOSE, MatMul.PLAIN, dims(A, 33), dims(33, B)),
        node("a summed up", CLOSE, MatMul.PLAIN, dims(5, A), dims(A, 7)),
        node("batches of a", CLOSE, MatMul.PLAIN, dims(A, B, 17), dims(A, 17, 9)));
  }

  private static Stream<Case> rows() {
    Tolerance function = Tolerance.function(DType.F32);
    return Stream.of(
        make(
            "LayerNorm",
            "rows",
            CLOSE,
            (g, x) -> {
              Value scale = g.constant("scale", weights(1, 67).reshape(67));
              g.output("y", g.layerNorm("op", x[0], scale, null, 1e-5));
            },
            dims(A, B, 67)),
        make("Softmax", "along a", CLOSE, (g, x) -> g.output("y", g.softmax(x[0], 0)), dims(A, B)),
        make("Softmax", "along b", CLOSE, (g, x) -> g.output("y", g.softmax(x[0], 1)), dims(A, B)),
        node("all", function, new Unary(Unary.Kind.TANH), dims(A, B)),
        node("rows and columns", function, new Binary(Binary.Kind.ADD), dims(A, 1), dims(1, B)),
        node("the last axis", function, new Binary(Binary.Kind.MUL), dims(A, B), dims(B)),
        make(
            "REDUCE_SUM",
            "over a",
            Tolerance.sum(DType.F32, 129),
            (g, x) -> g.output("y", g.reduce(Reduce.Kind.SUM, x[0], false, 0)),
            dims(A, B, 3)));
  }

  private static Stream<Case> moves() {
    Tolerance exact = Tolerance.EXACT;
    Dim one = Dim.ONE;
    return Stream.of(
        make(
            "Transpose",
            "heads",
            exact,
            (g, x) -> {
              Value heads = g.reshape(x[0], A, B, 4, 8);
              Value swapped = g.transpose(heads, 0, 2, 1, 3);
              g.output("heads", swapped);
              g.output("y", g.reshape(g.transpose(swapped, 0, 2, 1, 3), A.times(B), 32));
            },
            dims(A, B, 32)),
        make(
            "Concat",
            "a + b + 1",
            exact,
            (g, x) -> {
              Value joined = g.concat(0, x);
              g.output("joined", joined);
              g.output("back", g.slice(joined, 0, A, B.plus(one)));
            },
            dims(A, 7),
            dims(B, 7),
            dims(1, 7)),
        make(
            "Slice",
            "the last b",
            exact,
            (g, x) -> g.output("y", g.add("op", new Slice(0, A, B, 1), x[0])),
            dims(A.plus(B), 3)),
        make(
            "Slice",
            "backwards",
            exact,
            (g, x) -> g.output("y", g.add("op", new Slice(0, A.minus(one), A, -1), x[0])),
            dims(A, 3)),
        node("to b rows", exact, new Expand(List.of(B, A)), dims(1, A)),
        node("a column each side", exact, new Pad(List.of(0L, 1L), List.of(2L, 1L), 7), dims(A, B)),
        make(
            "Fill",
            "a by b",
            exact,
            (g, x) -> {
              g.output("ones", g.add("fill", new Fill(DType.F32, List.of(A, B), 1)));
              g.output("range", g.add("range", new Range(DType.I64, A, B, 2)));
              g.output(
                  "dims", g.add("dims", new DimensionsOf(List.of(A, B, A.times(B).plus(one)))));
              g.output("x", x[0]);
            },
            dims(A, B)),
        make(
            "Slice",
            "from b on, which no extent tells",
            exact,
            (g, x) -> {
              Value table = g.constant("table", weights(200, 3));
              g.output("rows", g.add("op", new Slice(0, B, A, 1), table));
              g.output("numbers", g.add("range", new Range(DType.I64, B, A, 1)));
              g.output("x", x[0]);
            },
            dims(A)),
        make(
            "TopK",
            "k = a",
            exact,
            (g, x) -> {
              List<Value> top = g.addAll("op", new TopK(A, 1, true), 2, x[0]);
              g.output("values", top.get(0));
              g.output("indices", top.get(1));
            },
            dims(3, A.plus(B))));
  }

  private static Stream<Case> attention() {
    Attention tokens = Attention.of(4, 8, Attention.Layout.TOKENS);
    Function<Object, Dim[]> input = keys -> dims(2, keys, 32);
    return Stream.of(
        node("tokens", CLOSE, tokens, input.apply(A), input.apply(B), input.apply(B)),
        make(
            "Attention",
            "tokens, with a map",
            CLOSE,
            (g, x) -> {
              Attention op = tokens.with(Attention.Map.WEIGHTS).with(Attention.Causal.BOTTOM_RIGHT);
              List<Value> both = g.addAll("op", op, 2, x);
              g.output("y", both.get(0));
              g.output("map", both.get(1));
            },
            input.apply(A),
            input.apply(B),
            input.apply(B)),
        node(
            "heads",
            CLOSE,
            Attention.of(4, 8, Attention.Layout.HEADS),
            dims(A, 4, B, 8),
            dims(A, 4, B, 8),
            dims(A, 4, B, 8)));
  }
}
