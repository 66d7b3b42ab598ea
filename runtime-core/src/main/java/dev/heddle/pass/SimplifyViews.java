package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Pad;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * Removes nodes that change nothing and joins views of views: a cast to the same type, {@code x +
 * 0}, {@code x * 1}, a choice that is known, whole slices, a reshape of a reshape, a transpose of a
 * transpose, and an expansion whose use would broadcast anyway. A transpose that moves nothing but
 * axes of extent 1 becomes a reshape, adding zeros that broadcast an expansion.
 */
public record SimplifyViews() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Algebra algebra = new Algebra(rewriter);
    rewriter.forEach(node -> simplify(rewriter, algebra, node));
    return rewriter.finish();
  }

  private static void simplify(Rewriter graph, Algebra algebra, Node node) {
    if (changesNothing(algebra, node)) {
      Value kept = kept(algebra, node);
      if (kept.type().equals(node.output().type())) {
        graph.replace(node.output(), kept);
      } else if (node.op() instanceof Binary || node.op() instanceof Where) {
        graph.substitute(node, new Expand(node.output().type().dims()), kept);
      }
      return;
    }
    switch (node.op()) {
      case Reshape reshape -> joinReshape(graph, node, reshape);
      case Transpose transpose -> joinTranspose(graph, node, transpose);
      case Unary _, Cast _, Binary _, Compare _, Where _ -> sinkExpansions(graph, node);
      case Attention _ -> simplifyMask(graph, algebra, node);
      default -> {}
    }
  }

  private static boolean changesNothing(Algebra algebra, Node node) {
    return switch (node.op()) {
      case Unary o -> o.kind() == Unary.Kind.IDENTITY;
      case Binary o -> neutral(algebra, o.kind(), node) >= 0;
      case Cast _, Reshape _, Expand _ -> hasTypeOfInput(node);
      case Slice o -> o.step() == 1 && o.start().is(0) && hasTypeOfInput(node);
      case Transpose o -> isIdentity(o.permutation());
      case Concat _ -> node.inputs().size() == 1;
      case Pad o -> isZero(o.before()) && isZero(o.after());
      case Reduce o -> o.axes().isEmpty() && combines(o.kind());
      case Where _ -> !Double.isNaN(algebra.number(node.input(Where.CONDITION)));
      default -> false;
    };
  }

  private static boolean hasTypeOfInput(Node node) {
    return node.input(0).type().equals(node.output().type());
  }

  /** The input that a node which changes nothing passes on. */
  private static Value kept(Algebra algebra, Node node) {
    return node.input(
        switch (node.op()) {
          case Binary o -> 1 - neutral(algebra, o.kind(), node);
          case Where _ -> algebra.is(node.input(Where.CONDITION), 0) ? Where.B : Where.A;
          default -> 0;
        });
  }

  /** The position of an operand that leaves the other one as it is, or -1. */
  private static int neutral(Algebra algebra, Binary.Kind kind, Node node) {
    return switch (kind) {
      case ADD -> algebra.is(node.input(1), 0) ? 1 : algebra.is(node.input(0), 0) ? 0 : -1;
      case MUL -> algebra.is(node.input(1), 1) ? 1 : algebra.is(node.input(0), 1) ? 0 : -1;
      case SUB -> algebra.is(node.input(1), 0) ? 1 : -1;
      case DIV, POW -> algebra.is(node.input(1), 1) ? 1 : -1;
      case AND -> algebra.is(node.input(1), 1) ? 1 : algebra.is(node.input(0), 1) ? 0 : -1;
      case OR -> algebra.is(node.input(1), 0) ? 1 : algebra.is(node.input(0), 0) ? 0 : -1;
      default -> -1;
    };
  }

  private static boolean isIdentity(List<Integer> permutation) {
    return permutation.stream().sorted().toList().equals(permutation);
  }

  private static boolean isZero(List<Long> counts) {
    return counts.stream().allMatch(count -> count == 0);
  }

  private static boolean combines(Reduce.Kind kind) {
    return switch (kind) {
      case SUM, MEAN, MAX, MIN, PROD -> true;
      case L1, L2, LOG_SUM, LOG_SUM_EXP, SUM_SQUARE -> false;
    };
  }

  private static void joinReshape(Rewriter graph, Node node, Reshape reshape) {
    Node inner = graph.producer(node.input(0));
    if (inner != null && inner.op() instanceof Transpose transpose) {
      if (!dropOnesFirst(graph, node, inner, transpose)) {
        joinLeadingAxes(graph, node, inner, transpose);
      }
      return;
    }
    if (inner != null && inner.op() instanceof Reshape) {
      if (inner.input(0).type().equals(node.output().type())) {
        graph.replace(node.output(), inner.input(0));
      } else {
        graph.substitute(node, reshape, inner.input(0));
      }
    }
  }

  /** Axes of extent 1 that go after a transpose might as well go before. */
  private static boolean dropOnesFirst(
      Rewriter graph, Node node, Node transposed, Transpose transpose) {
    List<Dim> target = node.output().type().dims();
    List<Integer> kept = new ArrayList<>();
    for (int axis : transpose.permutation()) {
      Dim dim = transposed.input(0).type().dim(axis);
      if (kept.size() < target.size() && dim.equals(target.get(kept.size()))) {
        kept.add(axis);
      } else if (!dim.is(1)) {
        return false;
      }
    }
    if (kept.size() < target.size() || kept.size() == transpose.permutation().size()) {
      return false;
    }
    List<Integer> before = kept.stream().sorted().toList();
    List<Dim> dims = before.stream().map(transposed.input(0).type()::dim).toList();
    Value squeezed = graph.add(node.name(), new Reshape(dims), transposed.input(0));
    Transpose moved = new Transpose(kept.stream().map(before::indexOf).toList());
    graph.replace(node.output(), graph.add(transposed.name(), moved, squeezed));
    return true;
  }

  /**
   * A transpose that leaves its first axis in place needs no axes to be joined into it before, to
   * come apart after: {@code [b, h, s, d] -> [b*h, s, d] -> [b*h, d, s] -> [b, h, d, s]}.
   */
  private static void joinLeadingAxes(
      Rewriter graph, Node node, Node transposed, Transpose transpose) {
    Node flatten = graph.producer(transposed.input(0));
    if (flatten == null
        || !(flatten.op() instanceof Reshape)
        || transpose.permutation().getFirst() != 0) {
      return;
    }
    Value x = flatten.input(0);
    List<Dim> dims = x.type().dims();
    List<Dim> joined = flatten.output().type().dims();
    int extra = dims.size() - joined.size();
    boolean joins =
        extra > 0 && dims.subList(extra + 1, dims.size()).equals(joined.subList(1, joined.size()));
    if (joins) {
      List<Integer> axes = new ArrayList<>();
      for (int i = 0; i < extra; i++) {
        axes.add(i);
      }
      transpose.permutation().forEach(axis -> axes.add(axis + extra));
      // Also checks that the joined axes come apart as they were.
      graph.substitute(node, new Transpose(axes), x);
    }
  }

  private static void joinTranspose(Rewriter graph, Node node, Transpose outer) {
    Value x = node.input(0);
    List<Integer> permutation = outer.permutation();
    Node inner = graph.producer(x);
    if (inner != null && inner.op() instanceof Transpose(List<Integer> first)) {
      x = inner.input(0);
      permutation = permutation.stream().map(first::get).toList();
    }
    if (isIdentity(permutation)) {
      graph.replace(node.output(), x);
    } else if (isIdentity(withoutOnes(permutation, x.type().dims()))) {
      graph.substitute(node, new Reshape(node.output().type().dims()), x);
    } else if (!permutation.equals(outer.permutation())) {
      graph.substitute(node, new Transpose(permutation), x);
    }
  }

  /** The axes of {@code permutation} along which there is more than one element. */
  private static List<Integer> withoutOnes(List<Integer> permutation, List<Dim> dims) {
    return permutation.stream().filter(axis -> !dims.get(axis).is(1)).toList();
  }

  /**
   * Lets an operation that works element by element take what was expanded; what it gives is
   * expanded instead, if it still has to be.
   */
  private static void sinkExpansions(Rewriter graph, Node node) {
    List<Value> inputs = new ArrayList<>();
    node.inputs().forEach(input -> inputs.add(unexpanded(graph, input)));
    if (inputs.equals(node.inputs())) {
      return;
    }
    Value small = graph.add(node.name(), node.op(), inputs.toArray(Value[]::new));
    TensorType type = node.output().type();
    graph.replace(
        node.output(),
        small.type().equals(type)
            ? small
            : graph.add(node.name() + ".expanded", new Expand(type.dims()), small));
  }

  /**
   * A mask that hides nothing goes; one that was expanded is broadcast by the attention. Lengths
   * that are counted from ones, one for each key, go too.
   */
  private static void simplifyMask(Rewriter graph, Algebra algebra, Node node) {
    List<Value> inputs = new ArrayList<>(node.inputs());
    if (node.has(Attention.MASK)) {
      Value mask = inputs.get(Attention.MASK);
      double neutral = mask.type().dtype() == DType.BOOL ? 1 : 0;
      inputs.set(Attention.MASK, algebra.is(mask, neutral) ? null : unexpanded(graph, mask));
    }
    if (node.has(Attention.KEY_LENGTHS)) {
      int axis = ((Attention) node.op()).layout() == Attention.Layout.HEADS ? 2 : 1;
      Dim keys = node.input(Attention.KEY).type().dim(axis);
      Node counted = graph.producer(node.input(Attention.KEY_LENGTHS));
      boolean all =
          counted != null
              && counted.op() instanceof Reduce(Reduce.Kind kind, List<Integer> axes, boolean keep)
              && kind == Reduce.Kind.SUM
              && axes.size() == 1
              && counted.input(0).type().dim(axes.getFirst()).equals(keys)
              && algebra.is(counted.input(0), 1);
      if (all) {
        inputs.set(Attention.KEY_LENGTHS, null);
      }
    }
    if (!inputs.equals(node.inputs())) {
      Value[] operands = inputs.toArray(Value[]::new);
      List<Value> results = graph.addAll(node.name(), node.op(), node.outputs().size(), operands);
      for (int i = 0; i < results.size(); i++) {
        graph.replace(node.outputs().get(i), results.get(i));
      }
    }
  }

  private static Value unexpanded(Rewriter graph, Value value) {
    Node producer = graph.producer(value);
    return producer != null && producer.op() instanceof Expand ? producer.input(0) : value;
  }
}
