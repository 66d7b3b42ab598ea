package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Gather;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes parts of the weights instead of parts of the result: where exporters project queries, keys
 * and values by one product, and split it, each gets a product of its own, whose result lies as an
 * attention reads it. The slices move up through reshapes, transposes and biases and end at the
 * constants, where {@link FoldConstants} computes them.
 *
 * <p>Only where nobody takes the whole: the work stays the same.
 */
public record HoistSlices() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Rules rules = new Rules(rewriter);
    rewriter.forEach(node -> {
      Slice slice = rules.slice(node);
      if (slice != null && rules.users(node.input(0), slice.axis())) {
        rules.hoist(node, slice);
      }
    });
    return rewriter.finish();
  }

  private record Rules(Rewriter graph) {
    /** The slice that {@code node} takes, the axis staying as 1 where it picks one; or null. */
    Slice slice(Node node) {
      return switch (node.op()) {
        case Slice o when o.step() == 1 && o.start().isFixed() && o.length().isFixed() -> o;
        case Gather o -> slice(node, o);
        default -> null;
      };
    }

    private Slice slice(Node node, Gather gather) {
      HostTensor index = graph.constant(node.input(Gather.INDICES));
      Dim extent = node.input(Gather.X).type().dim(gather.axis());
      if (index == null || index.shape().rank() != 0 || !extent.isFixed()) {
        return null;
      }
      long at = index.getLong(0) < 0 ? index.getLong(0) + extent.fixed() : index.getLong(0);
      return at >= 0 && at < extent.fixed()
          ? new Slice(gather.axis(), Dim.of(at), Dim.ONE, 1)
          : null;
    }

    /** Whether all that take {@code value} take parts along {@code axis}. */
    boolean users(Value value, int axis) {
      return !graph.isOutput(value)
          && graph.users(value).stream()
              .allMatch(user -> {
                Slice slice = slice(user);
                return slice != null && slice.axis() == axis && user.input(0).equals(value);
              });
    }

    void hoist(Node node, Slice slice) {
      Value part = part(node.input(0), slice);
      if (part == null) {
        return;
      }
      List<Dim> dims = node.output().type().dims();
      graph.replace(
          node.output(),
          part.type().dims().equals(dims) ? part : graph.add(node.name(), new Reshape(dims), part));
    }

    /** {@code slice} of {@code value}, by slices of constants; null where it comes of others. */
    private Value part(Value value, Slice slice) {
      Node node = graph.producer(value);
      return switch (node == null ? null : node.op()) {
        case Transpose(List<Integer> permutation) -> {
          Value inner = inner(node, 0, at(slice, permutation.get(slice.axis()), 1));
          yield inner == null ? null : graph.add(node.name(), node.op(), inner);
        }
        case Reshape(List<Dim> dims) -> ofReshape(node, dims, slice);
        case Binary _ -> ofBinary(node, slice);
        case MatMul product -> ofProduct(node, product, slice);
        case null, default -> null;
      };
    }

    private Value inner(Node node, int position, Slice slice) {
      Value value = node.input(position);
      return graph.hasOneUse(value) || users(value, slice.axis()) ? part(value, slice) : null;
    }

    private static Slice at(Slice slice, int axis, long inner) {
      Dim each = Dim.of(inner);
      return new Slice(axis, slice.start().times(each), slice.length().times(each), 1);
    }

    /** The sliced axis must be the outermost of those that one axis is split into. */
    private Value ofReshape(Node node, List<Dim> dims, Slice slice) {
      List<Dim> from = node.input(0).type().dims();
      Dim before = Dim.product(dims.subList(0, slice.axis()));
      for (int axis = 0; axis < from.size(); axis++) {
        if (!Dim.product(from.subList(0, axis)).equals(before)) {
          continue;
        }
        for (int end = slice.axis() + 1; end <= dims.size(); end++) {
          Dim inner = Dim.product(dims.subList(slice.axis() + 1, end));
          Dim all = inner.times(dims.get(slice.axis()));
          if (inner.isFixed() && all.equals(from.get(axis))) {
            List<Dim> target = new ArrayList<>(dims);
            target.set(slice.axis(), slice.length());
            Value part = inner(node, 0, at(slice, axis, inner.fixed()));
            return part == null ? null : graph.add(node.name(), new Reshape(target), part);
          }
        }
      }
      return null;
    }

    /** One operand must be made by a product, the other be broadcast along the axis or known. */
    private Value ofBinary(Node node, Slice slice) {
      for (int i = 0; i < 2; i++) {
        Value other = node.input(1 - i);
        int axis = slice.axis() - node.output().type().rank() + other.type().rank();
        boolean whole = axis >= 0 && !other.type().dim(axis).is(1);
        boolean sameRank = node.input(i).type().dims().equals(node.output().type().dims());
        if (!sameRank || whole && graph.constant(other) == null) {
          continue;
        }
        Value part = inner(node, i, slice);
        if (part != null) {
          Value rest = whole ? graph.add(other.name(), at(slice, axis, 1), other) : other;
          Value[] inputs = i == 0 ? new Value[] {part, rest} : new Value[] {rest, part};
          return graph.add(node.name(), node.op(), inputs);
        }
      }
      return null;
    }

    private Value ofProduct(Node node, MatMul product, Slice slice) {
      Value weight = node.input(MatMul.B);
      Value bias = node.has(MatMul.BIAS) ? node.input(MatMul.BIAS) : null;
      boolean fits =
          slice.axis() == node.output().type().rank() - 1
              && graph.constant(weight) != null
              && weight.type().rank() == 2
              && !weight.type().dtype().isQuantized()
              && node.input(MatMul.A).type().rank() >= 2
              && !node.has(MatMul.RESIDUAL)
              && (bias == null || graph.constant(bias) != null && bias.type().rank() == 1);
      if (!fits) {
        return null;
      }
      int columns = product.transposeB() ? 0 : 1;
      Value part = graph.add(weight.name(), at(slice, columns, 1), weight);
      Value biasPart =
          bias == null || bias.type().dim(0).is(1)
              ? bias
              : graph.add(bias.name(), at(slice, 0, 1), bias);
      return biasPart == null
          ? graph.add(node.name(), product, node.input(MatMul.A), part)
          : graph.add(node.name(), product, node.input(MatMul.A), part, biasPart);
    }
  }
}
