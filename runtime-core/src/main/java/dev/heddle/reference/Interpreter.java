package dev.heddle.reference;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.SymbolValues;
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
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * Computes graphs in plain loops: floats in float64, rounded once to the type of the result,
 * integers exactly. Slow, simple, and what every backend is held against.
 *
 * <p>Results lie in Java arrays; there is nothing to close.
 */
public final class Interpreter {
  private Interpreter() {}

  /**
   * Runs a graph once.
   *
   * @param inputs a tensor for each of the graph's inputs, by name
   * @param symbols values of symbols that no input's shape tells
   * @return the outputs by name, in the graph's order
   * @throws InvalidInputException if an input is missing, of another type or shape, or holds an
   *     index out of range
   * @throws RunInterruptedException if the thread is interrupted between two nodes
   */
  public static Map<String, HostTensor> run(
      Graph graph, Map<String, HostTensor> inputs, Map<String, Long> symbols) {
    SymbolValues values = GraphInputs.bind(graph, inputs, symbols);
    Map<Value, HostTensor> tensors = new HashMap<>(graph.constants());
    graph.inputs().forEach(input -> tensors.put(input, inputs.get(input.name())));
    Map<Value, Integer> uses = uses(graph);
    for (Node node : graph.nodes()) {
      if (Thread.currentThread().isInterrupted()) {
        throw new RunInterruptedException("interrupted before " + node);
      }
      List<HostTensor> operands = new ArrayList<>();
      for (Value input : node.inputs()) {
        operands.add(input == null ? null : tensors.get(input));
      }
      List<HostTensor> results = evaluate(node, operands, values);
      for (int i = 0; i < results.size(); i++) {
        tensors.put(node.outputs().get(i), results.get(i));
      }
      for (Value input : node.inputs()) {
        if (input != null && uses.merge(input, -1, Integer::sum) == 0) {
          tensors.remove(input);
        }
      }
    }
    Map<String, HostTensor> outputs = new LinkedHashMap<>();
    graph
        .outputs()
        .forEach((name, value) ->
            outputs.put(
                name,
                graph.producer(value) == null
                    ? Elementwise.copy(tensors.get(value))
                    : tensors.get(value)));
    return outputs;
  }

  /** How often each value is taken, by nodes or as an output. */
  private static Map<Value, Integer> uses(Graph graph) {
    Map<Value, Integer> uses = new HashMap<>();
    graph.uses().forEach((value, nodes) -> uses.put(value, nodes.size()));
    graph.outputs().values().forEach(value -> uses.merge(value, 1, Integer::sum));
    return uses;
  }

  /**
   * Computes one node.
   *
   * @param inputs by position, null where an optional one is absent
   * @param symbols values of the symbols in the operation's attributes
   * @return the outputs that the node has, by position
   * @throws InvalidInputException if the operands do not fit, or hold an index out of range
   */
  public static List<HostTensor> evaluate(
      Node node, List<HostTensor> inputs, ToLongFunction<String> symbols) {
    List<TensorType> given = new ArrayList<>();
    for (HostTensor input : inputs) {
      given.add(input == null ? null : TensorType.of(input.dtype(), input.shape()));
    }
    return evaluate(call(node, inputs, given, symbols));
  }

  private static Call call(
      Node node, List<HostTensor> inputs, List<TensorType> given, ToLongFunction<String> symbols) {
    try {
      Op op = BoundDims.of(node.op(), symbols);
      List<TensorType> results = new ArrayList<>();
      for (TensorType type : TypeInference.infer(node.name(), op, given, node.outputs().size())) {
        results.add(TensorType.of(type.dtype(), type.shape(symbols)));
      }
      return new Call(node, op, inputs, results);
    } catch (GraphException e) {
      throw new InvalidInputException(e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      // Extents that come out negative.
      throw new InvalidInputException(node + ": " + e.getMessage(), e);
    }
  }

  private static List<HostTensor> evaluate(Call call) {
    return switch (call.op()) {
      case Unary o -> List.of(ReferenceUnary.run(call, o));
      case Binary o -> List.of(ReferenceBinary.run(call, o));
      case Compare o -> List.of(ReferenceCompare.run(call, o));
      case Where o -> List.of(ReferenceWhere.run(call));
      case Cast o -> List.of(ReferenceCast.run(call));
      case Reduce o -> List.of(ReferenceReduce.run(call, o));
      case ArgReduce o -> List.of(ReferenceArgReduce.run(call, o));
      case TopK o -> ReferenceTopK.run(call, o);
      case CumSum o -> List.of(ReferenceCumSum.run(call, o));
      case Softmax o -> List.of(ReferenceSoftmax.run(call, o));
      case LayerNorm o -> ReferenceNorm.run(call, o);
      case RmsNorm o -> ReferenceNorm.run(call, o);
      case DynamicQuantize o -> ReferenceDynamicQuantize.run(call, o);
      case RotaryEmbedding o -> List.of(ReferenceRotaryEmbedding.run(call, o));
      case MatMul o -> List.of(ReferenceMatMul.run(call, o));
      case ExpertMatMul o -> List.of(ReferenceExpertMatMul.run(call));
      case Attention o -> ReferenceAttention.run(call, o);
      case CacheWrite o -> List.of(ReferenceCacheWrite.run(call));
      case Sample o -> ReferenceSample.run(call);
      case SegmentPool o -> List.of(ReferenceSegmentPool.run(call, o));
      case Gather o -> List.of(ReferenceGather.run(call, o));
      case GatherElements o -> List.of(ReferenceGather.run(call, o));
      case GatherNd o -> List.of(ReferenceGather.run(call, o));
      case Reshape o -> List.of(ReferenceMove.reshape(call));
      case Transpose o -> List.of(ReferenceMove.transpose(call, o));
      case Expand o -> List.of(ReferenceMove.expand(call));
      case Concat o -> List.of(ReferenceMove.concat(call, o));
      case Slice o -> List.of(ReferenceMove.slice(call, o));
      case Pad o -> List.of(ReferenceMove.pad(call, o));
      case Triangle o -> List.of(ReferenceMove.triangle(call, o));
      case Fill o -> List.of(ReferenceMake.fill(call, o));
      case Range o -> List.of(ReferenceMake.range(call, o));
      case DimensionsOf o -> List.of(ReferenceMake.dimensionsOf(call, o));
    };
  }
}
