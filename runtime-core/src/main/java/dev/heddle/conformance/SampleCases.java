package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Sample;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/** {@link Sample}: all kinds of logits, each row with parameters of its own. */
final class SampleCases {
  private static final Tolerance CLOSE = Tolerance.of(DType.F32, 2e-6, 1e-6);

  /** How near to where its answer changes a draw may lie, on either side. */
  private static final double MARGIN = 1e-5;

  private static final double NEVER = Double.NEGATIVE_INFINITY;

  private SampleCases() {}

  /** Temperature, top-k and top-p of a row; k counted from the vocabulary's end if below 0. */
  private record Way(double temperature, int topK, double topP) {}

  private static final List<Way> WAYS =
      List.of(
          new Way(0, 0, 1),
          new Way(1, 0, 1),
          new Way(0.7, 5, 1),
          new Way(1, 1, 1),
          new Way(1.3, -3, 1),
          new Way(1, 1 << 30, 1),
          new Way(1, 0, 0.9),
          new Way(2.5, 0, 0.37),
          new Way(1, 0, 1e-6),
          new Way(0.8, 50, 0.95),
          new Way(4, 700, 0.5),
          new Way(0, 3, 0.5),
          new Way(0.05, 40, 0.999));

  /** How logits are drawn. */
  private enum Kind {
    NORMAL,
    TIES,
    MASKED,
    HUGE,
    FLAT,
    PEAKED,
    EQUAL,
    NEGATIVE,
    BROKEN
  }

  static Stream<Case> all() {
    Stream<Case> kinds =
        Stream.of(1, 50, 1031)
            .flatMap(n -> Arrays.stream(Kind.values()).map(kind -> rows(kind, n, WAYS.size())));
    Stream<Case> others =
        Stream.of(
            rows(Kind.NORMAL, 7, 13),
            rows(Kind.TIES, 5003, 13),
            rows(Kind.FLAT, 5003, 13),
            rows(Kind.NORMAL, 128_256, 1),
            rows(Kind.NORMAL, 1031, 0),
            named("ids alone", SampleCases::idsAlone),
            named("invariance/rows of 1031", SampleCases::invariance));
    return Stream.concat(kinds, others);
  }

  private static Case named(String what, Case.Check check) {
    return new Case("Sample", DType.F32, what, check);
  }

  private static Case rows(Kind kind, int vocabulary, int rows) {
    return named(
        "[%d,%d]/%s".formatted(rows, vocabulary, kind),
        (backend, data) -> {
          Trial trial = new Trial(new Sample(), data).outputs(2);
          operands(data, kind, vocabulary, rows).values().forEach(trial::input);
          return trial.check(backend, CLOSE);
        });
  }

  private static HostTensor logits(Data data, Kind kind, int rows, int vocabulary) {
    long[] shape = {rows, vocabulary};
    HostTensor x =
        switch (kind) {
          case NORMAL, MASKED, PEAKED, BROKEN -> data.gaussian(DType.F32, 0, 3, shape);
          case TIES -> data.integers(DType.F32, -9, 4, shape);
          case HUGE -> data.gaussian(DType.F32, 0, 1e20, shape);
          case FLAT -> data.gaussian(DType.F32, 0, 0.003, shape);
          case EQUAL -> data.floats(DType.F32, () -> 1.5, shape);
          case NEGATIVE -> data.gaussian(DType.F32, -100, 3, shape);
        };
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < vocabulary && kind == Kind.MASKED; i++) {
        // Something is left.
        if (i != r % vocabulary && data.below(5) < 2) {
          x.setDouble((long) r * vocabulary + i, NEVER);
        }
      }
      long any = (long) r * vocabulary + data.below(vocabulary);
      if (kind == Kind.PEAKED) {
        x.setDouble(any, 25);
      }
      if (kind == Kind.BROKEN && r % 4 != 3) {
        x.setDouble(any, r % 4 == 0 ? Double.NaN : Double.POSITIVE_INFINITY);
        for (int i = 0; i < vocabulary && r % 4 == 2; i++) {
          x.setDouble((long) r * vocabulary + i, NEVER);
        }
      }
    }
    return x;
  }

  private static Map<String, HostTensor> operands(Data data, Kind kind, int vocabulary, int rows) {
    HostTensor logits = logits(data, kind, rows, vocabulary);
    double[] temperatures = new double[rows];
    int[] topKs = new int[rows];
    double[] topPs = new double[rows];
    double[] draws = new double[rows];
    for (int r = 0; r < rows; r++) {
      Way way = WAYS.get((r + vocabulary) % WAYS.size());
      temperatures[r] = way.temperature;
      topKs[r] = way.topK < 0 ? Math.max(0, vocabulary + way.topK) : way.topK;
      topPs[r] = (float) way.topP;
    }
    DoubleSupplier each = () -> data.below(1 << 24) * 0x1p-24;
    Arrays.setAll(draws, r -> each.getAsDouble());
    Map<String, HostTensor> operands = new LinkedHashMap<>();
    operands.put("logits", logits);
    operands.put("temperature", floats(temperatures));
    operands.put("topK", HostTensor.of(topKs, rows));
    operands.put("topP", floats(topPs));
    operands.put("uniform", floats(draws));
    boolean settled = rows == 0;
    while (!settled) {
      // Rows whose answer hangs on a hair are drawn again.
      settled = true;
      List<long[]> answers = answers(operands);
      for (int r = 0; r < rows; r++) {
        for (long[] other : answers) {
          if (other[r] != answers.getFirst()[r]) {
            draws[r] = each.getAsDouble();
            topPs[r] = topPs[r] < 1 ? (float) (topPs[r] * 0.98) : topPs[r];
            settled = false;
          }
        }
      }
      operands.put("topP", floats(topPs));
      operands.put("uniform", floats(draws));
    }
    return operands;
  }

  private static HostTensor floats(double[] values) {
    return Data.values(DType.F32, values.length == 0 ? new double[] {0} : values, values.length);
  }

  /** The interpreter's ids for these draws and for those a little to either side. */
  private static List<long[]> answers(Map<String, HostTensor> operands) {
    List<long[]> answers = new ArrayList<>();
    for (double[] off : new double[][] {{0, 0}, {-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
      Map<String, HostTensor> near = new LinkedHashMap<>(operands);
      near.put("uniform", moved(operands.get("uniform"), off[0], 0));
      near.put("topP", moved(operands.get("topP"), off[1], 1));
      Node node = graph(near, 1, false).nodes().getFirst();
      answers.add(
          Interpreter.evaluate(node, List.copyOf(near.values()), symbol -> 0).getFirst().toLongs());
    }
    return answers;
  }

  /** Moved by the margin, but for those at an end of the range, which mean what they say. */
  private static HostTensor moved(HostTensor values, double by, double fixed) {
    double[] moved = values.toDoubles();
    for (int i = 0; i < moved.length; i++) {
      moved[i] = moved[i] == fixed ? fixed : Math.max(0, moved[i] + by * MARGIN);
    }
    return floats(moved);
  }

  private static Graph graph(Map<String, HostTensor> operands, int outputs, boolean anyRows) {
    GraphBuilder g = new GraphBuilder("sample");
    Value[] inputs =
        operands.entrySet().stream()
            .map(operand -> {
              HostTensor tensor = operand.getValue();
              Object[] dims = Arrays.stream(tensor.shape().toArray()).boxed().toArray();
              if (anyRows) {
                dims[0] = "rows";
              }
              return g.input(operand.getKey(), TensorType.of(tensor.dtype(), dims));
            })
            .toArray(Value[]::new);
    List<Value> results = g.addAll("op", new Sample(), outputs, inputs);
    for (int i = 0; i < outputs; i++) {
      g.output("y" + i, results.get(i));
    }
    return g.build();
  }

  private static Outcome idsAlone(Backend backend, Data data) {
    Trial trial = new Trial(new Sample(), data);
    operands(data, Kind.NORMAL, 1031, 5).values().forEach(trial::input);
    return trial.check(backend, Tolerance.EXACT);
  }

  private static Outcome invariance(Backend backend, Data data) {
    int rows = 13;
    Map<String, HostTensor> operands = operands(data, Kind.TIES, 1031, rows);
    return Programs.check(
        backend,
        graph(operands, 2, true),
        program -> {
          Map<String, HostTensor> all = Programs.run(backend, program, operands);
          for (int r = 0; r < rows; r++) {
            Map<String, HostTensor> row = new LinkedHashMap<>();
            for (Map.Entry<String, HostTensor> operand : operands.entrySet()) {
              row.put(operand.getKey(), row(operand.getValue(), r));
            }
            Map<String, HostTensor> alone = Programs.run(backend, program, row);
            for (String name : all.keySet()) {
              HostTensor want = row(all.get(name), r);
              String difference =
                  Comparison.difference(
                      name + " of row " + r, want.dtype(), alone.get(name), want, Tolerance.EXACT);
              if (difference != null) {
                return difference;
              }
            }
          }
          return null;
        });
  }

  private static HostTensor row(HostTensor rows, int row) {
    long[] shape = rows.shape().toArray();
    long bytes = rows.bytes() / shape[0];
    shape[0] = 1;
    HostTensor own = HostTensor.heap(rows.dtype(), Shape.of(shape));
    own.memory().copyFrom(rows.memory().asSlice(row * bytes, bytes));
    return own;
  }
}
