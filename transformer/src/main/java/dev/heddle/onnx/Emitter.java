package dev.heddle.onnx;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.TypeInference;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Cast;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.Op;
import dev.heddle.op.Reshape;
import dev.heddle.pass.Folding;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Applies operations to operands: at once where all are known, on dimensions where they are shape
 * arithmetic, and else as a node of the graph.
 */
final class Emitter {
  /** What is larger is left for a pass, or a run, to compute. */
  private static final long MAX_BYTES = 1 << 16;

  private final GraphBuilder graph;
  private final Map<Operand, Value> values = new IdentityHashMap<>();
  private long bytesLeft;

  /**
   * An emitter into {@code graph}.
   *
   * @param mostBytes how much may be computed at once, in all: many nodes, which take few bytes of
   *     a file, may each ask for a tensor
   */
  Emitter(GraphBuilder graph, long mostBytes) {
    this.graph = graph;
    this.bytesLeft = mostBytes;
  }

  GraphBuilder graph() {
    return graph;
  }

  /** {@code operand} in the graph: as it is, as a constant, or as a node that gives dimensions. */
  Value value(Operand operand) {
    return switch (operand) {
      case Operand.Data data -> data.value();
      case Operand.Known known ->
          values.computeIfAbsent(known, k -> graph.constant(known.name(), known.tensor()));
      case Operand.Symbolic symbolic -> values.computeIfAbsent(symbolic, s -> dimensions(symbolic));
    };
  }

  private Value dimensions(Operand.Symbolic symbolic) {
    Value value = graph.add("dimensions", new DimensionsOf(symbolic.elements()), new Value[0]);
    if (symbolic.shape().rank() != 1) {
      List<Dim> dims = Arrays.stream(symbolic.shape().toArray()).mapToObj(Dim::of).toList();
      value = graph.add("dimensions", new Reshape(dims), value);
    }
    return symbolic.dtype() == DType.I64
        ? value
        : graph.add("dimensions", new Cast(symbolic.dtype()), value);
  }

  /** The only output of {@code op}. */
  Operand emit(String name, Op op, Operand... operands) {
    return emitAll(name, op, 1, operands).getFirst();
  }

  /** The first {@code outputs} outputs of {@code op}; an absent operand is null. */
  List<Operand> emitAll(String name, Op op, int outputs, Operand... operands) {
    Optional<List<Operand>> known = fold(name, op, outputs, operands);
    if (known.isPresent()) {
      return known.get();
    }
    Operand symbolic = SymbolicArithmetic.apply(name, op, operands);
    if (symbolic != null) {
      return List.of(symbolic);
    }
    Value[] inputs =
        Arrays.stream(operands).map(o -> o == null ? null : value(o)).toArray(Value[]::new);
    List<Operand> results = new ArrayList<>();
    graph.addAll(name, op, outputs, inputs).forEach(value -> results.add(new Operand.Data(value)));
    return results;
  }

  private Optional<List<Operand>> fold(String name, Op op, int outputs, Operand[] operands) {
    if (op instanceof Attention) {
      // Small outputs may take long; and nobody computes shapes by it.
      return Optional.empty();
    }
    List<HostTensor> tensors = new ArrayList<>();
    for (Operand operand : operands) {
      if (operand == null) {
        tensors.add(null);
      } else if (operand instanceof Operand.Known known) {
        tensors.add(known.tensor());
      } else {
        return Optional.empty();
      }
    }
    return evaluate(name, op, outputs, tensors, Math.min(MAX_BYTES, bytesLeft))
        .map(results -> {
          List<Operand> all = new ArrayList<>();
          for (HostTensor tensor : results) {
            bytesLeft -= tensor.shape().elements() * tensor.dtype().bytes();
            all.add(new Operand.Known(name, tensor));
          }
          return all;
        });
  }

  /** The outputs of {@code op} on {@code tensors}, unless they are large or hold symbols. */
  static Optional<List<HostTensor>> evaluate(
      String name, Op op, int outputs, List<HostTensor> tensors) {
    return evaluate(name, op, outputs, tensors, MAX_BYTES);
  }

  private static Optional<List<HostTensor>> evaluate(
      String name, Op op, int outputs, List<HostTensor> tensors, long mostBytes) {
    List<TensorType> types = new ArrayList<>();
    List<Value> inputs = new ArrayList<>();
    for (HostTensor tensor : tensors) {
      types.add(tensor == null ? null : TensorType.of(tensor.dtype(), tensor.shape()));
      inputs.add(tensor == null ? null : new Value(inputs.size(), "operand", types.getLast()));
    }
    List<Value> results = new ArrayList<>();
    for (TensorType type : TypeInference.infer(name, op, types, outputs)) {
      results.add(new Value(inputs.size() + results.size(), name, type));
    }
    return Folding.evaluate(new Node(name, op, inputs, results), tensors, mostBytes);
  }

  /** Dimensions as an operand: known where all are numbers. */
  static Operand dims(String name, DType dtype, Shape shape, List<Dim> elements) {
    if (!elements.stream().allMatch(Dim::isFixed)) {
      return new Operand.Symbolic(dtype, shape, elements);
    }
    HostTensor tensor = HostTensor.heap(dtype, shape);
    for (int i = 0; i < elements.size(); i++) {
      tensor.setLong(i, elements.get(i).fixed());
    }
    return new Operand.Known(name, tensor);
  }

  /** The dimensions of {@code type}, as I64 of one axis. */
  static Operand shapeOf(String name, List<Dim> dims) {
    return dims(name, DType.I64, Shape.of(dims.size()), Collections.unmodifiableList(dims));
  }
}
