package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.conformance.Programs.Placement;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Op;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One operation on given operands: run by a backend and held against the oracle. */
final class Trial {
  /** Rows of a large result that are checked. */
  private static final int SAMPLED_ROWS = 64;

  /** How an operand enters the graph. */
  private enum Kind {
    INPUT,
    CONSTANT,
    /** An input whose row i alone decides, with the other operands, row i of the results. */
    ROWS
  }

  private record Operand(HostTensor tensor, Kind kind) {}

  private final Op op;
  private final Data data;
  private final List<Operand> operands = new ArrayList<>();
  private final Map<String, Long> symbols = new LinkedHashMap<>();
  private int outputs = 1;

  Trial(Op op, Data data) {
    this.op = op;
    this.data = data;
  }

  Trial input(HostTensor tensor) {
    operands.add(new Operand(tensor, Kind.INPUT));
    return this;
  }

  /** An operand that is known when the graph is compiled, as weights are. */
  Trial constant(HostTensor tensor) {
    operands.add(new Operand(tensor, Kind.CONSTANT));
    return this;
  }

  /** An operand of many rows. The results have as many, of which only some are checked. */
  Trial rows(HostTensor tensor) {
    operands.add(new Operand(tensor, Kind.ROWS));
    return this;
  }

  Trial absent() {
    operands.add(null);
    return this;
  }

  Trial outputs(int count) {
    outputs = count;
    return this;
  }

  Trial bind(String symbol, long value) {
    symbols.put(symbol, value);
    return this;
  }

  Outcome check(Backend backend, Tolerance tolerance) {
    Placement placement = Placement.values()[data.below(Placement.values().length)];
    Graph graph = graph(operands);
    long[] sample = sample();
    List<HostTensor> want = oracle(sample, !tolerance.isExact());
    Map<String, HostTensor> inputs = new LinkedHashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      Operand operand = operands.get(i);
      if (operand != null && operand.kind != Kind.CONSTANT) {
        inputs.put("x" + i, operand.tensor);
      }
    }
    return Programs.check(
        backend,
        graph,
        program -> {
          Map<String, HostTensor> got = Programs.run(backend, program, inputs, symbols, placement);
          List<Value> results = graph.nodes().getFirst().outputs();
          for (int i = 0; i < want.size(); i++) {
            String name = "y" + i;
            HostTensor own = got.get(name);
            if (own == null) {
              return "output " + name + " is missing";
            }
            String difference =
                Comparison.difference(
                    name,
                    results.get(i).type().dtype(),
                    sample == null ? own : take(own, sample),
                    want.get(i),
                    tolerance);
            if (difference != null) {
              return difference + (sample == null ? "" : " (of sampled rows)");
            }
          }
          return null;
        });
  }

  private Graph graph(List<Operand> of) {
    var g = new GraphBuilder("trial");
    Value[] values = new Value[of.size()];
    for (int i = 0; i < values.length; i++) {
      Operand operand = of.get(i);
      if (operand != null) {
        TensorType type = TensorType.of(operand.tensor.dtype(), operand.tensor.shape());
        values[i] =
            operand.kind == Kind.CONSTANT
                ? g.constant("x" + i, operand.tensor)
                : g.input("x" + i, type);
      }
    }
    List<Value> results = g.addAll("op", op, outputs, values);
    for (int i = 0; i < results.size(); i++) {
      g.output("y" + i, results.get(i));
    }
    return g.build();
  }

  private long[] sample() {
    for (Operand operand : operands) {
      if (operand != null && operand.kind == Kind.ROWS) {
        int rows = Math.toIntExact(operand.tensor.shape().dim(0));
        long[] sample = new long[SAMPLED_ROWS];
        for (int i = 0; i < sample.length; i++) {
          sample[i] = data.below(rows);
        }
        // The first and the last are where edges go wrong.
        sample[0] = 0;
        sample[1] = rows - 1;
        return sample;
      }
    }
    return null;
  }

  /** What the interpreter says, 16-bit floats being widened first so that nothing is rounded. */
  private List<HostTensor> oracle(long[] sample, boolean widen) {
    List<Operand> own = new ArrayList<>();
    List<HostTensor> tensors = new ArrayList<>();
    for (Operand operand : operands) {
      if (operand == null) {
        own.add(null);
        tensors.add(null);
        continue;
      }
      HostTensor tensor = operand.kind == Kind.ROWS ? take(operand.tensor, sample) : operand.tensor;
      // Blocks can be nothing but constants.
      Kind kind = tensor.dtype().isQuantized() ? Kind.CONSTANT : Kind.INPUT;
      own.add(new Operand(widen ? widened(tensor) : tensor, kind));
      tensors.add(own.getLast().tensor);
    }
    Node node = graph(own).nodes().getFirst();
    return Interpreter.evaluate(node, tensors, symbols::get);
  }

  private static HostTensor widened(HostTensor tensor) {
    boolean narrow = tensor.dtype() == DType.F16 || tensor.dtype() == DType.BF16;
    return narrow ? HostTensor.of(tensor.toDoubles(), tensor.shape().toArray()) : tensor;
  }

  private static HostTensor take(HostTensor tensor, long[] rows) {
    long[] extents = tensor.shape().toArray();
    long bytes = tensor.bytes() / extents[0];
    extents[0] = rows.length;
    HostTensor taken = HostTensor.heap(tensor.dtype(), Shape.of(extents));
    for (int i = 0; i < rows.length; i++) {
      taken
          .memory()
          .asSlice(i * bytes, bytes)
          .copyFrom(tensor.memory().asSlice(rows[i] * bytes, bytes));
    }
    return taken;
  }
}
