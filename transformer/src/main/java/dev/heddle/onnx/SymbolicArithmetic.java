package dev.heddle.onnx;

import dev.heddle.graph.TypeInference;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Gather;
import dev.heddle.op.Op;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * Operations on whole numbers that depend on symbols: what exporters write to compute shapes.
 *
 * <p>An operation that moves elements is applied to their positions in a list of dimensions, by the
 * same interpreter that moves data; so there is one meaning of a gather, not two.
 */
final class SymbolicArithmetic {
  private SymbolicArithmetic() {}

  /** The result of {@code op}, or null where it takes data or is no operation on dimensions. */
  static Operand apply(String name, Op op, Operand... operands) {
    boolean symbolic = false;
    for (Operand operand : operands) {
      if (operand == null || operand.elements() == null || operand instanceof Operand.Data) {
        return null;
      }
      symbolic |= operand instanceof Operand.Symbolic;
    }
    if (!symbolic) {
      return null;
    }
    return switch (op) {
      case Cast(DType to) -> cast(operands[0], to);
      case Unary(Unary.Kind kind) -> unary(kind, operands[0]);
      case Binary(Binary.Kind kind) -> binary(name, kind, operands[0], operands[1]);
      case Compare(Compare.Kind kind) -> compare(name, kind, operands[0], operands[1]);
      case Reduce reduce -> reduce(name, reduce, operands[0]);
      case Concat _, Slice _, Reshape _, Transpose _, Expand _ -> move(name, op, 0, operands);
      case Gather _ ->
          operands[Gather.INDICES] instanceof Operand.Known ? move(name, op, 0, operands) : null;
      case Where _ ->
          operands[Where.CONDITION] instanceof Operand.Known
              ? move(name, op, Where.A, operands)
              : null;
      default -> null;
    };
  }

  private static Operand cast(Operand x, DType to) {
    return to == DType.I64 || to == DType.I32
        ? new Operand.Symbolic(to, x.type().shape(), x.elements())
        : null;
  }

  private static Operand unary(Unary.Kind kind, Operand x) {
    return switch (kind) {
      case IDENTITY -> x;
      case NEG ->
          new Operand.Symbolic(
              x.type().dtype(),
              x.type().shape(),
              x.elements().stream().map(Dim.ZERO::minus).toList());
      default -> null;
    };
  }

  /** The elements of {@code op}'s operands, from position {@code from} on, at their new places. */
  private static Operand move(String name, Op op, int from, Operand... operands) {
    List<Dim> table = new ArrayList<>();
    List<HostTensor> tensors = new ArrayList<>();
    for (int i = 0; i < operands.length; i++) {
      boolean moves = op instanceof Gather ? i == Gather.X : i >= from;
      tensors.add(moves ? positions(operands[i], table) : ((Operand.Known) operands[i]).tensor());
    }
    return Emitter.evaluate(name, op, 1, tensors)
        .filter(results -> results.getFirst().shape().elements() <= Operand.MAX_DIMS)
        .map(results -> {
          HostTensor moved = results.getFirst();
          List<Dim> elements = new ArrayList<>();
          for (long i = 0; i < moved.shape().elements(); i++) {
            elements.add(table.get((int) moved.getLong(i)));
          }
          return Emitter.dims(name, operands[from].type().dtype(), moved.shape(), elements);
        })
        .orElse(null);
  }

  private static HostTensor positions(Operand operand, List<Dim> table) {
    HostTensor tensor = HostTensor.heap(DType.I64, operand.type().shape());
    int first = table.size();
    table.addAll(operand.elements());
    for (int i = first; i < table.size(); i++) {
      tensor.setLong(i - first, i);
    }
    return tensor;
  }

  /** The operands' elements, broadcast together. */
  private record Pairs(Shape shape, List<Dim> a, List<Dim> b) {
    static Pairs of(String name, Operand a, Operand b) {
      TensorType type =
          TypeInference.infer(
                  name,
                  new Binary(Binary.Kind.ADD),
                  List.of(a.type().with(DType.I64), b.type().with(DType.I64)),
                  1)
              .getFirst();
      Expand expand = new Expand(type.dims());
      Operand left = move(name, expand, 0, a);
      Operand right = move(name, expand, 0, b);
      return left == null || right == null
          ? null
          : new Pairs(type.shape(), left.elements(), right.elements());
    }
  }

  private static Operand binary(String name, Binary.Kind kind, Operand a, Operand b) {
    Pairs pairs = Pairs.of(name, a, b);
    if (pairs == null || a.type().dtype() == DType.BOOL) {
      return null;
    }
    List<Dim> elements = new ArrayList<>();
    for (int i = 0; i < pairs.a.size(); i++) {
      Dim element = DimArithmetic.binary(kind, pairs.a.get(i), pairs.b.get(i));
      if (element == null) {
        return null;
      }
      elements.add(element);
    }
    return Emitter.dims(name, a.type().dtype(), pairs.shape, elements);
  }

  private static Operand compare(String name, Compare.Kind kind, Operand a, Operand b) {
    Pairs pairs = Pairs.of(name, a, b);
    if (pairs == null) {
      return null;
    }
    HostTensor result = HostTensor.heap(DType.BOOL, pairs.shape);
    for (int i = 0; i < pairs.a.size(); i++) {
      Boolean holds = DimArithmetic.compare(kind, pairs.a.get(i), pairs.b.get(i));
      if (holds == null) {
        return null;
      }
      result.setLong(i, holds ? 1 : 0);
    }
    return new Operand.Known(name, result);
  }

  /** A reduction of all elements to one. */
  private static Operand reduce(String name, Reduce reduce, Operand x) {
    Binary.Kind kind =
        switch (reduce.kind()) {
          case SUM -> Binary.Kind.ADD;
          case PROD -> Binary.Kind.MUL;
          case MIN -> Binary.Kind.MIN;
          case MAX -> Binary.Kind.MAX;
          default -> null;
        };
    if (kind == null || reduce.axes().size() != x.type().rank() || x.elements().isEmpty()) {
      return null;
    }
    Dim sum = x.elements().getFirst();
    for (Dim element : x.elements().subList(1, x.elements().size())) {
      sum = DimArithmetic.binary(kind, sum, element);
      if (sum == null) {
        return null;
      }
    }
    TensorType type = TypeInference.infer(name, reduce, List.of(x.type()), 1).getFirst();
    return Emitter.dims(name, type.dtype(), type.shape(), List.of(sum));
  }
}
