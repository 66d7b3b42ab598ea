package dev.heddle.graph;

import dev.heddle.op.Op;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * The types of a node's operands, and what is said where they do not fit.
 *
 * @param node the node's name, for errors
 * @param inputs types by position, null where an optional one is absent
 */
record Operands(String node, Op op, List<TensorType> inputs) {
  GraphException wrong(String expected) {
    return new GraphException(
        "%s: %s%s of %s; expected %s".formatted(node, op.name(), attributes(), inputs, expected));
  }

  private String attributes() {
    String text = op.toString();
    return text.endsWith("[]") ? "" : " " + text.substring(text.indexOf('['));
  }

  boolean has(int position) {
    return position >= 0 && position < inputs.size() && inputs.get(position) != null;
  }

  TensorType in(int position) {
    if (!has(position)) {
      throw wrong("an input at position " + position);
    }
    return inputs.get(position);
  }

  void require(boolean holds, String expected) {
    if (!holds) {
      throw wrong(expected);
    }
  }

  TensorType require(TensorType type, boolean holds, String expected) {
    require(holds, expected);
    return type;
  }

  TensorType floats(int position, boolean holds) {
    return require(in(position), holds && in(position).dtype().isFloat(), "floats");
  }

  DType same(int a, int b) {
    return require(in(a), in(a).dtype() == in(b).dtype(), "operands of one type").dtype();
  }

  int axis(int axis, TensorType type) {
    require(
        axis >= 0 && axis < type.rank(),
        "an axis from 0 to " + (type.rank() - 1) + ", not " + axis);
    return axis;
  }

  void indices(int position) {
    DType dtype = in(position).dtype();
    require(dtype == DType.I32 || dtype == DType.I64, "indices of type i32 or i64");
  }

  TensorType broadcast(DType dtype, TensorType... types) {
    int rank = 0;
    for (TensorType type : types) {
      rank = Math.max(rank, type.rank());
    }
    List<Dim> dims = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      Dim dim = Dim.ONE;
      for (TensorType type : types) {
        int own = axis - (rank - type.rank());
        if (own >= 0) {
          dim = broadcast(dim, type.dim(own));
        }
      }
      dims.add(dim);
    }
    return new TensorType(dtype, dims);
  }

  private Dim broadcast(Dim a, Dim b) {
    if (a.equals(b) || b.is(1)) {
      return a;
    }
    if (a.is(1)) {
      return b;
    }
    // A symbol against a number can only be that number, or 1; the run checks it.
    if (a.isFixed() != b.isFixed()) {
      return a.isFixed() ? a : b;
    }
    throw wrong("shapes that broadcast; " + a + " and " + b + " do not");
  }
}
