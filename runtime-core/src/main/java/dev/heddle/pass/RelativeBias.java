package dev.heddle.pass;

import dev.heddle.graph.GraphException;
import dev.heddle.graph.Node;
import dev.heddle.graph.TypeInference;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Expand;
import dev.heddle.op.Gather;
import dev.heddle.op.Op;
import dev.heddle.op.Range;
import dev.heddle.op.Reshape;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * Reads a tensor whose elements depend on two of its axes only by the distance of the indices, as
 * the relative position biases of T5 (Raffel et al., 2020, section 2.1) and MPNet do.
 *
 * <p>It is evaluated, once, with one axis being a list of distances and the other a single 0. From
 * some distance on, {@value #REACH} or less, it must be the same; that is seen for all up to
 * {@value #DENSE}, and for powers of two from there. Only sums, products, comparisons, logarithms
 * and the like are read, whose pieces exporters begin at numbers of buckets, not at millions of
 * tokens.
 */
final class RelativeBias {
  private static final int REACH = 1 << 12;
  private static final int DENSE = 1 << 16;
  private static final int LAST_POWER = 24;
  private static final long MOST_BYTES = 1 << 27;
  private static final long[] DISTANCES = distances();

  private final Rewriter graph;
  private final Algebra algebra;
  private final Map<Value, OfDistance> found = new HashMap<>();

  RelativeBias(Rewriter graph, Algebra algebra) {
    this.graph = graph;
    this.algebra = algebra;
  }

  private static long[] distances() {
    LongStream far = LongStream.rangeClosed(17, LAST_POWER).map(power -> 1L << power);
    long[] after = LongStream.concat(LongStream.rangeClosed(0, DENSE), far).toArray();
    LongStream before = LongStream.rangeClosed(1 - after.length, -1).map(i -> -after[(int) -i]);
    return LongStream.concat(before, LongStream.of(after)).toArray();
  }

  /**
   * Values for all distances, the index along axis {@code plus} less the one along {@code minus}.
   *
   * @param values the extent of axis {@code plus} is that of the distances, of {@code minus} 1
   */
  private record OfDistance(HostTensor values, int plus, int minus) {}

  /**
   * {@code bias}, {@code [1, heads or 1, queries, keys]}, as {@code [heads, 2r + 1]}: the biases of
   * distances -r to r, which all beyond share; or null if it is none.
   */
  HostTensor table(Value bias, int heads) {
    OfDistance all = bias.type().rank() == 4 ? of(bias) : null;
    boolean fits =
        all != null
            && Math.min(all.plus, all.minus) == 2
            && all.values.shape().toArray()[0] == 1
            && (all.values.shape().toArray()[1] == heads || all.values.shape().toArray()[1] == 1);
    if (!fits) {
      return null;
    }
    int own = (int) all.values.shape().toArray()[1];
    int r = reach(all.values, own);
    if (r > REACH) {
      return null;
    }
    HostTensor table = HostTensor.heap(all.values.dtype(), Shape.of(heads, 2L * r + 1));
    int zero = DISTANCES.length / 2;
    for (int head = 0; head < heads; head++) {
      long row = (long) (head % own) * DISTANCES.length;
      for (int d = -r; d <= r; d++) {
        // Keys less queries is what the attention counts.
        int at = all.plus == 3 ? zero + d : zero - d;
        table.setDouble(head * (2L * r + 1) + d + r, all.values.getDouble(row + at));
      }
    }
    return table;
  }

  /** The least distance from which on, on either side, nothing changes. */
  private static int reach(HostTensor values, int heads) {
    int zero = DISTANCES.length / 2;
    int reach = 0;
    for (int head = 0; head < heads; head++) {
      long row = (long) head * DISTANCES.length;
      for (int side = -1; side <= 1; side += 2) {
        double last = values.getDouble(row + zero + (long) side * zero);
        int d = zero;
        while (d > reach && values.getDouble(row + zero + (long) side * (d - 1)) == last) {
          d--;
        }
        reach = d;
      }
    }
    return reach;
  }

  private OfDistance of(Value value) {
    if (!found.containsKey(value)) {
      Node node = graph.producer(value);
      found.put(value, node == null ? null : of(node));
    }
    return found.get(value);
  }

  private OfDistance of(Node node) {
    OfDistance difference = difference(node);
    if (difference != null) {
      return difference;
    }
    return switch (node.op()) {
      case Unary(Unary.Kind kind) when isPiecewise(kind) -> elementwise(node);
      case Binary(Binary.Kind kind) when isPiecewise(kind) -> elementwise(node);
      case Compare _, Where _, Cast _ -> elementwise(node);
      case Gather(int axis) when axis == 0 -> rows(node);
      case Transpose(List<Integer> permutation) -> transposed(node, permutation);
      case Reshape _, Expand _ -> withOnes(node);
      default -> null;
    };
  }

  private static boolean isPiecewise(Unary.Kind kind) {
    return switch (kind) {
      case NEG, ABS, SIGN, LOG, FLOOR, CEIL, RELU, NOT, IDENTITY -> true;
      default -> false;
    };
  }

  private static boolean isPiecewise(Binary.Kind kind) {
    return switch (kind) {
      case ADD, SUB, MUL, DIV, MIN, MAX, AND, OR -> true;
      default -> false;
    };
  }

  /** The difference of two positions. */
  private OfDistance difference(Node node) {
    if (!(node.op() instanceof Binary(Binary.Kind kind)) || kind != Binary.Kind.SUB) {
      return null;
    }
    int rank = node.output().type().rank();
    OptionalInt plus = position(node.input(0), rank);
    OptionalInt minus = position(node.input(1), rank);
    if (plus.isEmpty() || minus.isEmpty() || plus.equals(minus)) {
      return null;
    }
    long[] extents = new long[rank];
    Arrays.fill(extents, 1);
    extents[plus.getAsInt()] = DISTANCES.length;
    HostTensor values = HostTensor.heap(node.output().type().dtype(), Shape.of(extents));
    for (int i = 0; i < DISTANCES.length; i++) {
      values.setLong(i, DISTANCES[i]);
    }
    return new OfDistance(values, plus.getAsInt(), minus.getAsInt());
  }

  /** The axis, of {@code rank}, along which the elements of {@code value} are 0, 1, 2, ... */
  private OptionalInt position(Value value, int rank) {
    List<Dim> dims = value.type().dims();
    List<Integer> wide = new ArrayList<>();
    for (int axis = 0; axis < dims.size(); axis++) {
      if (!dims.get(axis).is(1)) {
        wide.add(axis + rank - dims.size());
      }
    }
    Node node = graph.producer(value);
    while (node != null && (node.op() instanceof Reshape || node.op() instanceof Cast)) {
      node = graph.producer(node.input(0));
    }
    boolean counts =
        wide.size() == 1
            && !value.type().dtype().isFloat()
            && node != null
            && node.op() instanceof Range range
            && range.start().is(0)
            && range.step() == 1;
    return counts ? OptionalInt.of(wide.getFirst()) : OptionalInt.empty();
  }

  private OfDistance elementwise(Node node) {
    int rank = node.output().type().rank();
    List<HostTensor> inputs = new ArrayList<>();
    OfDistance first = null;
    for (Value input : node.inputs()) {
      double number = algebra.number(input);
      OfDistance own = Double.isNaN(number) ? of(input) : null;
      if (own != null) {
        own = widened(own, rank);
        if (first != null && (first.plus != own.plus || first.minus != own.minus)) {
          return null;
        }
        first = own;
        inputs.add(own.values);
      } else if (!Double.isNaN(number)) {
        inputs.add(HostTensor.scalar(input.type().dtype(), number));
      } else {
        return null;
      }
    }
    return first == null ? null : evaluated(node.op(), inputs, first.plus, first.minus);
  }

  /** With axes of extent 1 in front. */
  private static OfDistance widened(OfDistance x, int rank) {
    int extra = rank - x.values.shape().rank();
    if (extra == 0) {
      return x;
    }
    long[] extents = new long[rank];
    Arrays.fill(extents, 1);
    System.arraycopy(x.values.shape().toArray(), 0, extents, extra, rank - extra);
    return new OfDistance(x.values.reshape(extents), x.plus + extra, x.minus + extra);
  }

  private OfDistance rows(Node node) {
    HostTensor table = graph.constant(node.input(Gather.X));
    OfDistance indices = table == null ? null : of(node.input(Gather.INDICES));
    return indices == null
        ? null
        : evaluated(node.op(), List.of(table, indices.values), indices.plus, indices.minus);
  }

  private OfDistance transposed(Node node, List<Integer> permutation) {
    OfDistance x = of(node.input(0));
    return x == null
        ? null
        : evaluated(
            node.op(),
            List.of(x.values),
            permutation.indexOf(x.plus),
            permutation.indexOf(x.minus));
  }

  /** Axes of extent 1 come or go; an expansion of others is left to whoever broadcasts. */
  private OfDistance withOnes(Node node) {
    OfDistance x = of(node.input(0));
    List<Dim> from = node.input(0).type().dims();
    List<Dim> to = node.output().type().dims();
    if (x == null) {
      return null;
    }
    if (node.op() instanceof Expand) {
      OfDistance wide = widened(x, to.size());
      int extra = to.size() - from.size();
      boolean same =
          from.get(x.plus).equals(to.get(x.plus + extra))
              && from.get(x.minus).equals(to.get(x.minus + extra));
      return same ? wide : null;
    }
    long[] extents = new long[to.size()];
    int plus = -1;
    int minus = -1;
    int at = 0;
    for (int axis = 0; axis < extents.length; axis++) {
      extents[axis] = 1;
      if (to.get(axis).is(1)) {
        continue;
      }
      while (at < from.size() && from.get(at).is(1)) {
        at++;
      }
      if (at == from.size() || !from.get(at).equals(to.get(axis))) {
        return null;
      }
      plus = at == x.plus ? axis : plus;
      minus = at == x.minus ? axis : minus;
      extents[axis] = x.values.shape().toArray()[at++];
    }
    return plus < 0 || minus < 0 ? null : new OfDistance(x.values.reshape(extents), plus, minus);
  }

  private static OfDistance evaluated(Op op, List<HostTensor> inputs, int plus, int minus) {
    List<Value> operands = new ArrayList<>();
    for (HostTensor input : inputs) {
      TensorType type = TensorType.of(input.dtype(), input.shape());
      operands.add(new Value(operands.size(), "operand", type));
    }
    try {
      List<TensorType> types = operands.stream().map(Value::type).toList();
      TensorType type = TypeInference.infer("bias", op, types, 1).getFirst();
      Node node = new Node("bias", op, operands, List.of(new Value(operands.size(), "y", type)));
      return Folding.evaluate(node, inputs, MOST_BYTES)
          .map(results -> new OfDistance(results.getFirst(), plus, minus))
          .orElse(null);
    } catch (GraphException e) {
      return null;
    }
  }
}
