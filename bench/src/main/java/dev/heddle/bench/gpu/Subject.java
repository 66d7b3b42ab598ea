package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One operation on operands of certain shapes, to be checked and timed. */
sealed interface Subject
    permits MatMulSubject, AttentionSubject, CachedAttentionSubject, RowsSubject {
  /** What a graph's output is called. */
  String OUTPUT = "y";

  /** What bounds the speed of an operation. */
  enum Bound {
    /** Floating-point operations: its rate is in TFLOP/s. */
    COMPUTE,
    /** Bytes: its rate is in GB/s. */
    MEMORY
  }

  /** Its table in the report. */
  String group();

  /** What tells it from others of its group, its type and numerics left out. */
  String shape();

  /** Of the operands and the result. */
  DType dtype();

  /** Whether a result may depend on the rows beside it. */
  default Numerics numerics() {
    return Numerics.INVARIANT;
  }

  Bound bound();

  /** Floating-point operations, a multiply-add being two, or bytes that must be moved. */
  double work();

  /** What is asked of its speed. */
  default Asked asked() {
    return Asked.NOTHING;
  }

  /** The operands, in the operation's order; null for those that it has not. The caller's. */
  List<HostTensor> operands(RandomData data);

  /** The operation in a graph. */
  Value apply(GraphBuilder graph, Value... operands);

  /** What is wrong with a result, sampled, in words; null for nothing. */
  String wrong(List<HostTensor> operands, HostTensor result);

  /** What PyTorch is asked to do: {@code torch_peer.py} lists the fields. */
  Map<String, Object> peer();

  /**
   * A graph of {@code times} such operations on the same operands, whose output is the last one's
   * result.
   */
  default Graph graph(List<HostTensor> operands, int times) {
    GraphBuilder g = new GraphBuilder(group());
    Value[] inputs = new Value[operands.size()];
    for (int i = 0; i < inputs.length; i++) {
      if (operands.get(i) != null) {
        inputs[i] =
            g.input(name(i), TensorType.of(operands.get(i).dtype(), operands.get(i).shape()));
      }
    }
    Value result = null;
    for (int i = 0; i < times; i++) {
      result = apply(g, inputs);
    }
    return g.output(OUTPUT, result).build();
  }

  /** What operand {@code i} is called in {@link #graph}. */
  static String name(int i) {
    return "operand" + i;
  }

  /** What the reference computes. */
  default HostTensor reference(List<HostTensor> operands) {
    Map<String, HostTensor> given = new LinkedHashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      if (operands.get(i) != null) {
        given.put(name(i), operands.get(i));
      }
    }
    return Interpreter.run(graph(operands, 1), given, Map.of()).get(OUTPUT);
  }
}
