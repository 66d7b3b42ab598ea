package dev.heddle.bench.ops;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One operation on operands of certain shapes, to be checked and timed. */
public sealed interface Subject
    permits MatMulSubject, AttentionSubject, CachedAttentionSubject, RowsSubject {
  /** What a graph's output is called. */
  String OUTPUT = "y";

  /** Its table: {@code matmul}, {@code softmax}, {@code attention}. */
  String group();

  /** What tells it from others of its group, types and arithmetic left out. */
  String shape();

  /** The shape's numbers and words by name. */
  Map<String, Object> parameters();

  /** Of the operands and the result. */
  DType dtype();

  /** What weights are stored as: {@link #dtype} where there are none, or they are no others. */
  default DType stored() {
    return dtype();
  }

  /** Whether a result may depend on the rows beside it. */
  default Numerics numerics() {
    return Numerics.INVARIANT;
  }

  /** What quantised weights are multiplied with. */
  default Activations activations() {
    return Activations.FLOAT32;
  }

  /** Floating-point operations, a multiply-add being two; 0 where bytes are what bounds it. */
  double flops();

  /** Bytes that are read at least. */
  double bytesRead();

  /** Bytes that are written. */
  double bytesWritten();

  /** The result's shape. */
  Shape result();

  /** The operands, in the operation's order; null for those that it has not. The caller's. */
  List<HostTensor> operands(RandomData data);

  /** Whether operand {@code i} is known when a graph is compiled. */
  default boolean isConstant(int i) {
    return false;
  }

  /** The operation in a graph. */
  Value apply(GraphBuilder graph, Value... operands);

  /** What is wrong with a result, sampled, in words; null for nothing. */
  String wrong(List<HostTensor> operands, HostTensor result);

  /** Type and arithmetic in words: {@code bf16}, {@code q4_0 int8}, {@code f32 fastest}. */
  default String type() {
    return stored() + (arithmetic() == null ? "" : " " + arithmetic());
  }

  /** What tells the arithmetic from that of others of its type; null for nothing. */
  default String arithmetic() {
    if (numerics() == Numerics.FASTEST) {
      return "fastest";
    }
    return activations() == Activations.FLOAT32
        ? null
        : activations().name().toLowerCase(Locale.ROOT);
  }

  /** Group, shape and type: one subject's alone. */
  default String name() {
    return "%s %s %s".formatted(group(), shape(), type());
  }

  /**
   * A graph of {@code times} such operations on the same operands, whose output is the last one's
   * result.
   */
  default Graph graph(List<HostTensor> operands, int times) {
    GraphBuilder g = new GraphBuilder(group());
    Value[] values = new Value[operands.size()];
    for (int i = 0; i < values.length; i++) {
      HostTensor operand = operands.get(i);
      if (operand != null) {
        values[i] =
            isConstant(i)
                ? g.constant(name(i), operand)
                : g.input(name(i), TensorType.of(operand.dtype(), operand.shape()));
      }
    }
    Value result = null;
    for (int i = 0; i < times; i++) {
      result = apply(g, values);
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
      if (operands.get(i) != null && !isConstant(i)) {
        given.put(name(i), operands.get(i));
      }
    }
    return Interpreter.run(graph(operands, 1), given, Map.of()).get(OUTPUT);
  }
}
