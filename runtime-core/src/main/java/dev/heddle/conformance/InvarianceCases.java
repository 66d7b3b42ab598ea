package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Reduce;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Softmax;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Same request, same numbers: a row's or a sequence's result is the same to the bit whatever stands
 * beside it, behind it, or ran before it.
 */
final class InvarianceCases {
  private InvarianceCases() {}

  static Stream<Case> all() {
    return Stream.of(rows(), sequences(), Stream.of(encoder(), repeats())).flatMap(cases -> cases);
  }

  private static Stream<Case> rows() {
    List<Case> cases = new ArrayList<>();
    for (DType dtype : List.of(DType.F32, DType.F16, DType.BF16)) {
      for (int k : new int[] {17, 384, 1031}) {
        MatMul op = MatMul.LINEAR.with(Unary.Kind.GELU);
        cases.add(rows(dtype, op, k, new long[] {67, k}, new long[] {67}));
        cases.add(rows(dtype, MatMul.PLAIN, k, new long[] {k, 40}));
      }
      cases.add(rows(dtype, new LayerNorm(1, 1e-5), 387, new long[] {387}, new long[] {387}));
      cases.add(rows(dtype, new RmsNorm(1, 1e-5), 387, new long[] {387}));
      cases.add(rows(dtype, new Softmax(1, false), 1031));
      cases.add(rows(dtype, new Reduce(Reduce.Kind.SUM, List.of(1), true), 1031));
      cases.add(rows(dtype, new Unary(Unary.Kind.GELU), 67));
    }
    cases.add(rows(DType.F32, new DynamicQuantize(1, true), 387));
    for (DType blocks : DType.quantized()) {
      cases.add(rows(DType.F32, blocks, MatMul.LINEAR, 1024, new long[] {131, 1024}));
    }
    return cases.stream();
  }

  /** {@code op} on {@code [rows, width]}: rows alone, in threes, and all at once. */
  private static Case rows(DType dtype, Op op, int width, long[]... constants) {
    return rows(dtype, dtype, op, width, constants);
  }

  private static Case rows(DType dtype, DType weights, Op op, int width, long[]... constants) {
    return new Case(
        op.name(),
        weights,
        "invariance/rows of %d%s".formatted(width, constants.length > 1 ? ", with bias" : ""),
        (backend, data) -> {
          var g = new GraphBuilder("rows");
          Value[] operands = new Value[1 + constants.length];
          operands[0] = g.input("x", TensorType.of(dtype, "rows", width));
          for (int i = 0; i < constants.length; i++) {
            operands[1 + i] = g.constant("c" + i, data.any(weights, constants[i]));
          }
          g.output("y", g.add("op", op, operands));
          HostTensor x = data.normal(dtype, 131, width);
          return Programs.check(
              backend,
              g.build(),
              program -> {
                HostTensor all = Programs.run(backend, program, Map.of("x", x)).get("y");
                for (int[] part : new int[][] {{0, 1}, {1, 1}, {63, 3}, {64, 17}, {130, 1}}) {
                  Map<String, HostTensor> some = Map.of("x", slice(x, part[0], part[1]));
                  HostTensor y = Programs.run(backend, program, some).get("y");
                  String what =
                      "rows %d to %d of 131, alone".formatted(part[0], part[0] + part[1] - 1);
                  String difference = Comparison.bits(what, y, slice(all, part[0], part[1]));
                  if (difference != null) {
                    return difference;
                  }
                }
                return null;
              });
        });
  }

  /** Rows {@code from} and on, along the first axis. */
  private static HostTensor slice(HostTensor x, long from, long count) {
    long[] extents = x.shape().toArray();
    long bytes = extents[0] == 0 ? 0 : x.bytes() / extents[0];
    extents[0] = count;
    return HostTensor.wrap(
        x.dtype(), Shape.of(extents), x.memory().asSlice(from * bytes, count * bytes));
  }

  private static Stream<Case> sequences() {
    return Stream.of(DType.F32, DType.F16, DType.BF16)
        .flatMap(dtype ->
            Stream.of(
                ragged(dtype, Attention.Causal.NONE),
                ragged(dtype, Attention.Causal.TOP_LEFT),
                chunks(dtype),
                padding(dtype, Attention.KEY_LENGTHS),
                padding(dtype, Attention.MASK),
                additivePadding(dtype),
                pool(dtype)));
  }

  private static final int[] LENGTHS = {5, 67, 1, 129, 33};
  private static final int WIDTH = 3 * 24;

  private static Case ragged(DType dtype, Attention.Causal causal) {
    Attention op = Attention.of(3, 24, Attention.Layout.RAGGED).with(causal);
    return new Case(
        "Attention",
        dtype,
        "invariance/sequences alone or together/" + causal.name().toLowerCase(Locale.ROOT),
        (backend, data) -> {
          var g = new GraphBuilder("sequences");
          TensorType type = TensorType.of(dtype, "tokens", WIDTH);
          Value q = g.input("q", type);
          Value k = g.input("k", type);
          Value v = g.input("v", type);
          Value starts = g.input("starts", TensorType.of(DType.I32, "bounds"));
          g.output("y", g.attention("op", op, q, k, v, starts));
          return alone(backend, g.build(), data, dtype, List.of("q", "k", "v"), true);
        });
  }

  private static Case pool(DType dtype) {
    SegmentPool op = new SegmentPool(SegmentPool.Kind.MEAN);
    return new Case(
        op.name(),
        dtype,
        "invariance/sequences alone or together",
        (backend, data) -> {
          var g = new GraphBuilder("pool");
          Value x = g.input("x", TensorType.of(dtype, "tokens", WIDTH));
          Value starts = g.input("starts", TensorType.of(DType.I32, "bounds"));
          g.output("y", g.add("op", op, x, starts));
          return alone(backend, g.build(), data, dtype, List.of("x"), false);
        });
  }

  /** All sequences at once, then each alone. */
  private static Outcome alone(
      Backend backend, Graph graph, Data data, DType dtype, List<String> names, boolean byToken) {
    Map<String, HostTensor> all = new HashMap<>();
    names.forEach(name -> all.put(name, data.normal(dtype, 235, WIDTH)));
    all.put("starts", Data.starts(LENGTHS));
    return Programs.check(
        backend,
        graph,
        program -> {
          HostTensor together = Programs.run(backend, program, all).get("y");
          int from = 0;
          for (int i = 0; i < LENGTHS.length; i++) {
            Map<String, HostTensor> one = new HashMap<>();
            for (String name : names) {
              one.put(name, slice(all.get(name), from, LENGTHS[i]));
            }
            one.put("starts", Data.starts(LENGTHS[i]));
            HostTensor y = Programs.run(backend, program, one).get("y");
            HostTensor want = byToken ? slice(together, from, LENGTHS[i]) : slice(together, i, 1);
            String difference = Comparison.bits("sequence " + i + " alone", y, want);
            if (difference != null) {
              return difference;
            }
            from += LENGTHS[i];
          }
          return null;
        });
  }

  /** The last queries of a causal sequence, by themselves and with those before them. */
  private static Case chunks(DType dtype) {
    Attention op = Attention.of(3, 24, Attention.Layout.TOKENS).with(Attention.Causal.BOTTOM_RIGHT);
    return new Case(
        "Attention",
        dtype,
        "invariance/a sequence in chunks or at once",
        (backend, data) -> {
          var g = new GraphBuilder("chunks");
          Value q = g.input("q", TensorType.of(dtype, 1, "queries", WIDTH));
          Value k = g.input("k", TensorType.of(dtype, 1, "keys", WIDTH));
          Value v = g.input("v", TensorType.of(dtype, 1, "keys", WIDTH));
          g.output("y", g.add("op", op, q, k, v));
          HostTensor[] x = new HostTensor[3];
          for (int i = 0; i < 3; i++) {
            x[i] = data.normal(dtype, 131, WIDTH);
          }
          return Programs.check(
              backend,
              g.build(),
              program -> {
                HostTensor whole = chunk(backend, program, x, 0, 131);
                for (int[] part : new int[][] {{0, 1}, {0, 64}, {64, 67}, {70, 71}, {130, 131}}) {
                  HostTensor y = chunk(backend, program, x, part[0], part[1]);
                  String difference =
                      Comparison.bits(
                          "queries %d to %d of 131".formatted(part[0], part[1] - 1),
                          y,
                          slice(whole, part[0], part[1] - part[0]));
                  if (difference != null) {
                    return difference;
                  }
                }
                return null;
              });
        });
  }

  private static HostTensor chunk(
      Backend backend, Program program, HostTensor[] x, int from, int to) {
    Map<String, HostTensor> inputs =
        Map.of(
            "q", slice(x[0], from, to - from).reshape(1, to - from, WIDTH),
            "k", slice(x[1], 0, to).reshape(1, to, WIDTH),
            "v", slice(x[2], 0, to).reshape(1, to, WIDTH));
    return Programs.run(backend, program, inputs).get("y").reshape(to - from, WIDTH);
  }

  private static Case padding(DType dtype, int position) {
    String how = position == Attention.MASK ? "a mask" : "key lengths";
    return padding(
        dtype,
        position,
        how,
        keys -> {
          if (position == Attention.KEY_LENGTHS) {
            return HostTensor.of(new long[] {keys}, 1);
          }
          boolean[] seen = new boolean[PADDED];
          Arrays.fill(seen, 0, keys, true);
          return HostTensor.of(seen, 1, 1, 1, PADDED);
        });
  }

  private static Case additivePadding(DType dtype) {
    return padding(
        dtype,
        Attention.MASK,
        "-infinity",
        keys -> {
          float[] added = new float[PADDED];
          Arrays.fill(added, keys, PADDED, Float.NEGATIVE_INFINITY);
          return HostTensor.of(added, 1, PADDED);
        });
  }

  private static final int PADDED = 200;

  private interface Hiding {
    HostTensor of(int keys);
  }

  /** Keys of other numbers than the sequence's own behind it, hidden, and none at all. */
  private static Case padding(DType dtype, int position, String how, Hiding hiding) {
    Attention op = Attention.of(3, 24, Attention.Layout.TOKENS);
    return new Case(
        "Attention",
        dtype,
        "invariance/padding hidden by " + how,
        (backend, data) -> {
          HostTensor q = data.normal(dtype, 1, 17, WIDTH);
          HostTensor k = data.normal(dtype, PADDED, WIDTH);
          HostTensor v = data.normal(dtype, PADDED, WIDTH);
          for (int keys : new int[] {1, 37, 128, 131}) {
            HostTensor[] bare = {q, dense(k, keys), dense(v, keys)};
            HostTensor[] padded = new HostTensor[position + 1];
            padded[0] = q;
            padded[1] = dense(k, PADDED);
            padded[2] = dense(v, PADDED);
            padded[position] = hiding.of(keys);
            HostTensor[] results = new HostTensor[2];
            for (HostTensor[] operands : new HostTensor[][] {bare, padded}) {
              Outcome outcome = run(backend, op, operands, results);
              if (!(outcome instanceof Outcome.Passed)) {
                return outcome;
              }
            }
            String difference = Comparison.bits(keys + " keys", results[1], results[0]);
            if (difference != null) {
              return new Outcome.Failed(difference);
            }
          }
          return new Outcome.Passed();
        });
  }

  private static HostTensor dense(HostTensor x, int rows) {
    return slice(x, 0, rows).reshape(1, rows, WIDTH);
  }

  /** Runs {@code op} and keeps its result in the first place of {@code results} that is free. */
  private static Outcome run(Backend backend, Op op, HostTensor[] operands, HostTensor[] results) {
    var g = new GraphBuilder("padding");
    Map<String, HostTensor> inputs = new HashMap<>();
    Value[] values = new Value[operands.length];
    for (int i = 0; i < operands.length; i++) {
      if (operands[i] != null) {
        values[i] = g.input("x" + i, TensorType.of(operands[i].dtype(), operands[i].shape()));
        inputs.put("x" + i, operands[i]);
      }
    }
    g.output("y", g.add("op", op, values));
    return Programs.check(
        backend,
        g.build(),
        program -> {
          results[results[0] == null ? 0 : 1] = Programs.run(backend, program, inputs).get("y");
          return null;
        });
  }

  private static Case encoder() {
    return new Case(
        "Encoder",
        DType.F32,
        "invariance/texts alone or together",
        (backend, data) -> {
          int[][] texts = new int[LENGTHS.length][];
          for (int i = 0; i < texts.length; i++) {
            texts[i] = Encoder.ids(data, LENGTHS[i]);
          }
          return Programs.check(
              backend,
              Encoder.ragged(),
              program -> {
                HostTensor together =
                    Programs.run(backend, program, Encoder.inputs(texts)).get("pooled");
                for (int i = 0; i < texts.length; i++) {
                  HostTensor alone =
                      Programs.run(backend, program, Encoder.inputs(texts[i])).get("pooled");
                  String difference =
                      Comparison.bits("text " + i + " alone", alone, slice(together, i, 1));
                  if (difference != null) {
                    return difference;
                  }
                }
                return null;
              });
        });
  }

  private static Case repeats() {
    return new Case(
        "Encoder",
        DType.F32,
        "invariance/the same twenty times",
        (backend, data) -> {
          Map<String, HostTensor> inputs =
              Encoder.inputs(Encoder.ids(data, 33), Encoder.ids(data, 7));
          return Programs.check(
              backend,
              Encoder.ragged(),
              program -> {
                HostTensor first = Programs.run(backend, program, inputs).get("hidden");
                for (int i = 1; i < 20; i++) {
                  HostTensor again = Programs.run(backend, program, inputs).get("hidden");
                  String difference = Comparison.bits("repeat " + i, again, first);
                  if (difference != null) {
                    return difference;
                  }
                }
                return null;
              });
        });
  }
}
