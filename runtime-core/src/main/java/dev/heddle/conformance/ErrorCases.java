package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Program;
import dev.heddle.conformance.Programs.Placement;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.op.Pad;
import dev.heddle.op.Reshape;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.TopK;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a run must refuse, with the right exception and the value that is wrong in its message; and
 * the same program still gives right results afterwards.
 */
final class ErrorCases {
  private final String op;
  private final DType dtype;
  private final String what;
  private final GraphBuilder g;
  private final Map<String, HostTensor> right = new LinkedHashMap<>();
  private final Map<String, HostTensor> wrong = new LinkedHashMap<>();
  private final Map<String, Long> rightSymbols = new HashMap<>();
  private final Map<String, Long> wrongSymbols = new HashMap<>();

  private ErrorCases(String op, DType dtype, String what) {
    this.op = op;
    this.dtype = dtype;
    this.what = what;
    this.g = new GraphBuilder("errors");
  }

  /** An input that is as it should be in both runs. */
  private Value input(String name, HostTensor tensor, Object... dims) {
    return input(name, tensor, tensor, dims);
  }

  /** An input that fits in one run and does not in the other; a null one is not given at all. */
  private Value input(String name, HostTensor good, HostTensor bad, Object... dims) {
    right.put(name, good);
    if (bad != null) {
      wrong.put(name, bad);
    }
    return g.input(name, TensorType.of(good.dtype(), dims));
  }

  /** The case: the wrong run is refused by an error that says each of {@code words}. */
  private Case refuses(Value y, String... words) {
    Graph graph = g.output("y", y).build();
    return new Case(
        op,
        dtype,
        "errors/" + what,
        (backend, data) ->
            Programs.check(
                backend,
                graph,
                program -> {
                  // Right before, so that a plan is there; right after, so that none is broken.
                  String before = good(backend, program, graph);
                  String refusal = before == null ? refusal(backend, program, words) : before;
                  return refusal == null ? good(backend, program, graph) : refusal;
                }));
  }

  private String good(Backend backend, Program program, Graph graph) {
    return Programs.compare(
        backend, program, graph, right, rightSymbols, Placement.HEAP, Tolerance.sum(DType.F32, 64));
  }

  private String refusal(Backend backend, Program program, String... words) {
    try {
      Programs.run(backend, program, wrong, wrongSymbols, Placement.HEAP);
    } catch (InvalidInputException e) {
      for (String word : words) {
        if (e.getMessage() == null || !e.getMessage().contains(word)) {
          return "the error does not say \"%s\": %s".formatted(word, e.getMessage());
        }
      }
      return null;
    } catch (RuntimeException e) {
      return "threw " + e + "; want an InvalidInputException";
    }
    return "nothing was refused";
  }

  private static HostTensor floats(long... shape) {
    return new Data("errors").normal(DType.F32, shape);
  }

  private static HostTensor ints(int... values) {
    return HostTensor.of(values, values.length);
  }

  static Stream<Case> all() {
    return Stream.of(gathers(), starts(), shapes(), values()).flatMap(cases -> cases);
  }

  private static Stream<Case> gathers() {
    var above = new ErrorCases("Gather", DType.F32, "an index at the extent");
    Value y =
        above.g.add(
            "pick",
            new Gather(0),
            above.input("x", floats(5, 3), 5, 3),
            above.input("i", ints(0, 4), ints(0, 5), 2));
    var below = new ErrorCases("Gather", DType.F32, "an index below minus the extent");
    Value y2 =
        below.g.add(
            "pick",
            new Gather(1),
            below.input("x", floats(5, 3), 5, 3),
            below.input(
                "i",
                HostTensor.of(new long[] {-3, 2}, 2),
                HostTensor.of(new long[] {2, -4}, 2),
                2));
    var huge = new ErrorCases("Gather", DType.F32, "an index of 2^32");
    Value y3 =
        huge.g.add(
            "pick",
            new Gather(0),
            huge.g.constant("table", floats(5, 3)),
            huge.input(
                "i",
                HostTensor.of(new long[] {1}, 1),
                HostTensor.of(new long[] {1L << 32}, 1),
                "n"));
    var elements = new ErrorCases("GatherElements", DType.F32, "an index at the extent");
    Value y4 =
        elements.g.add(
            "pick",
            new GatherElements(0),
            elements.input("x", floats(5), 5),
            elements.input("i", ints(0, 4), ints(5, 0), 2));
    var tuples = new ErrorCases("GatherNd", DType.F32, "an index at the extent");
    Value y5 =
        tuples.g.add(
            "pick",
            new GatherNd(0),
            tuples.input("x", floats(5, 3), 5, 3),
            tuples.input(
                "i",
                HostTensor.of(new long[] {4, 2}, 1, 2),
                HostTensor.of(new long[] {4, 3}, 1, 2),
                1,
                2));
    return Stream.of(
        above.refuses(y, "pick", "5"),
        below.refuses(y2, "pick", "-4", "3"),
        huge.refuses(y3, "pick", "4294967296", "5"),
        elements.refuses(y4, "pick", "5"),
        tuples.refuses(y5, "pick", "3"));
  }

  private static Stream<Case> starts() {
    int[][] wrong = {{0, 5, 3, 7}, {0, 2, 5, 6}, {0, 2, 5, 8}, {1, 2, 5, 7}, {-1, 2, 5, 7}};
    return Stream.of(wrong)
        .flatMap(bad -> {
          String what = "cuSeqLens " + Arrays.toString(bad) + " of 7 tokens";
          var pool = new ErrorCases("SegmentPool_MEAN", DType.F32, what);
          Value y =
              pool.g.add(
                  "pool",
                  new SegmentPool(SegmentPool.Kind.MEAN),
                  pool.input("x", floats(7, 4), "tokens", 4),
                  pool.input("starts", ints(0, 2, 5, 7), ints(bad), "bounds"));
          var attend = new ErrorCases("Attention", DType.F32, what);
          Value q = attend.input("q", floats(7, 8), "tokens", 8);
          Value starts = attend.input("starts", ints(0, 2, 5, 7), ints(bad), "bounds");
          Attention op = Attention.of(2, 4, Attention.Layout.RAGGED);
          return Stream.of(
              pool.refuses(y, "pool"),
              attend.refuses(attend.g.attention("attend", op, q, q, q, starts), "attend"));
        });
  }

  private static Stream<Case> shapes() {
    return Stream.of(
        sum("a missing input", null, "x"),
        sum("another type", HostTensor.of(new double[12], 3, 4), "x", "f64", "f32"),
        sum("another extent", floats(3, 5), "x", "5"),
        sum("another rank", floats(12), "x", "12"),
        sum("a symbol of two values", floats(2, 4), "rows"));
  }

  private static Case sum(String what, HostTensor bad, String... words) {
    var errors = new ErrorCases(Conformance.WHOLE_GRAPHS, DType.F32, what);
    Value x = errors.input("x", floats(3, 4), bad, "rows", 4);
    Value z = errors.input("z", floats(3, 4), "rows", 4);
    return errors.refuses(errors.g.add(x, z), words);
  }

  private static Stream<Case> values() {
    var zero = new ErrorCases("DIV", DType.I32, "an integer by zero");
    Value y =
        zero.g.add(
            "share",
            new Binary(Binary.Kind.DIV),
            zero.input("a", ints(7, 8, 9), 3),
            zero.input("b", ints(1, 2, 3), ints(1, 0, 3), 3));
    var modulo = new ErrorCases("MOD", DType.I64, "an integer by zero");
    Value y2 =
        modulo.g.add(
            "share",
            new Binary(Binary.Kind.MOD),
            modulo.input("a", HostTensor.of(new long[] {7, 8}, 2), 2),
            modulo.input(
                "b", HostTensor.of(new long[] {1, 2}, 2), HostTensor.of(new long[] {0, 2}, 2), 2));
    var far = new ErrorCases("RotaryEmbedding", DType.F32, "a position behind the tables");
    Value table = far.input("table", floats(9, 2), 9, 2);
    Value y3 =
        far.g.add(
            "turn",
            new RotaryEmbedding(1, 4, false),
            far.input("x", floats(3, 4), 3, 4),
            table,
            table,
            far.input("positions", ints(0, 8, 1), ints(0, 9, 1), 3));
    var many = new ErrorCases("TopK", DType.F32, "k above the extent");
    Value y4 =
        many.g.add(
            "best", new TopK(Dim.of(4), 0, true), many.input("x", floats(5), floats(3), "n"));
    var slice = new ErrorCases("Slice", DType.F32, "elements behind the axis");
    Value y5 =
        slice.g.add(
            "cut",
            new Slice(0, Dim.of(2), Dim.of(3), 1),
            slice.input("x", floats(5), floats(4), "n"));
    var reshape = new ErrorCases("Reshape", DType.F32, "elements that do not come out even");
    Value x = reshape.input("x", floats(6), floats(7), "n");
    Dim half = Dim.symbol("n").dividedBy(Dim.of(2));
    Value y6 = reshape.g.add("fold", new Reshape(List.of(Dim.of(2), half)), x);
    var cut = new ErrorCases("Pad", DType.F32, "more cut off than there is");
    Value y8 =
        cut.g.add(
            "cut",
            new Pad(List.of(-2L), List.of(-2L), 0),
            cut.input("x", floats(5), floats(3), "n"));
    var unbound = new ErrorCases(Conformance.WHOLE_GRAPHS, DType.F32, "a symbol that nobody binds");
    unbound.rightSymbols.put("k", 2L);
    Value y7 =
        unbound.g.add("best", new TopK(Dim.symbol("k"), 0, true), unbound.input("x", floats(5), 5));
    var narrow = new ErrorCases("Attention", DType.F32, "a map narrower than the keys");
    narrow.rightSymbols.put(Attention.MAX_KEYS, 3L);
    narrow.wrongSymbols.put(Attention.MAX_KEYS, 2L);
    Value q = narrow.input("q", floats(5, 8), 5, 8);
    Attention op = Attention.of(2, 4, Attention.Layout.RAGGED).with(Attention.Map.WEIGHTS);
    Value starts = narrow.input("starts", ints(0, 2, 5), 3);
    Value map = narrow.g.addAll("attend", op, 2, q, q, q, null, starts).get(1);
    var unary = new ErrorCases(Conformance.WHOLE_GRAPHS, DType.F32, "negative rows");
    Value rows = unary.input("x", floats(5, 2), floats(1, 2), Dim.symbol("n").plus(Dim.of(3)), 2);
    return Stream.of(
        zero.refuses(y, "share"),
        modulo.refuses(y2, "share"),
        far.refuses(y3, "turn", "9"),
        many.refuses(y4, "best"),
        slice.refuses(y5, "cut"),
        reshape.refuses(y6),
        cut.refuses(y8, "cut"),
        unbound.refuses(y7, "k"),
        narrow.refuses(map, "attend"),
        unary.refuses(unary.g.unary(Unary.Kind.NEG, rows), "x"));
  }
}
