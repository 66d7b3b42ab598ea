package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;

/**
 * Makes a product of codes, with both operands' scales after it, into a product of what the codes
 * stand for: {@code (codes @ w) * (scale * s)} into {@code (codes * scale) @ (w * s)}, where {@code
 * codes} and {@code scale} are a {@link DynamicQuantize}'s and {@code w [k, n]} and {@code s}, of
 * one element or {@code [n]}, are constants. The scales cost nothing then, and what follows finds a
 * product as in a model of floats.
 *
 * <p>A product of codes is exact while its sums stay below 2^24. This one rounds each operand, and
 * the sums, as every product of floats does: by some 1e-7 of the operands' sizes, where a code
 * stands for a 255th of a row's range.
 *
 * <p>The codes may have gone through 8 bits, {@code u8(codes + zero) - u8(zero)}, and the product
 * through integers: neither changes a whole number.
 */
public record FuseQuantizedMatMul() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Algebra algebra = new Algebra(rewriter);
    rewriter.forEach(node -> {
      for (int i = 0; i < 2 && algebra.binary(node.output(), Binary.Kind.MUL) == node; i++) {
        if (new Pattern(rewriter, algebra).fuse(node, node.input(i), node.input(1 - i))) {
          return;
        }
      }
    });
    return rewriter.finish();
  }

  private record Pattern(Rewriter graph, Algebra algebra) {
    boolean fuse(Node root, Value sums, Value scales) {
      Node product = graph.producer(uncast(sums, DType.I32));
      if (product == null || !product.op().equals(MatMul.PLAIN) || product.inputs().size() != 2) {
        return false;
      }
      Node quantize = quantize(product.input(MatMul.A));
      HostTensor weights = graph.constant(product.input(MatMul.B));
      if (quantize == null || weights == null || weights.shape().rank() != 2) {
        return false;
      }
      boolean rounded = !product.output().equals(sums);
      HostTensor scale = constantScale(scales, quantize.outputs().get(DynamicQuantize.SCALE));
      if (scale == null || !isOfColumns(scale, weights) || rounded && !isWhole(weights)) {
        return false;
      }
      Value x = quantize.input(0);
      DynamicQuantize op = new DynamicQuantize(((DynamicQuantize) quantize.op()).axis(), true);
      Value w = graph.constant(product.input(MatMul.B).name(), scaled(weights, scale));
      if (!Rewriter.gives(root.output().type(), MatMul.PLAIN, x, w)) {
        return false;
      }
      Value values = graph.add(quantize.name(), op, x);
      return graph.substitute(root, product.name(), MatMul.PLAIN, values, w);
    }

    /** What {@code value} was before it went through {@code type} and back, or itself. */
    private Value uncast(Value value, DType type) {
      Node back = graph.producer(value);
      Node there = back != null && back.op() instanceof Cast ? graph.producer(back.input(0)) : null;
      boolean both =
          there != null
              && there.op().equals(new Cast(type))
              && there.input(0).type().equals(value.type());
      return both ? there.input(0) : value;
    }

    /** The node whose codes {@code codes} are, or null. */
    private Node quantize(Value codes) {
      Node node = graph.producer(codes);
      if (node != null && node.op() instanceof DynamicQuantize op) {
        boolean plain = !op.dequantized() && node.outputs().size() > DynamicQuantize.SCALE;
        return plain && node.outputs().getFirst().equals(codes) ? node : null;
      }
      Node difference = algebra.binary(codes, Binary.Kind.SUB);
      if (difference == null) {
        return null;
      }
      Value zero = uncast(difference.input(1), DType.U8);
      Node sum = algebra.binary(uncast(difference.input(0), DType.U8), Binary.Kind.ADD);
      Node found = sum != null && sum.input(1).equals(zero) ? quantize(sum.input(0)) : null;
      boolean own = found != null && found.outputs().indexOf(zero) == DynamicQuantize.ZERO_POINT;
      return own ? found : null;
    }

    /** The constant that {@code scale} is multiplied by in {@code product}, or null. */
    private HostTensor constantScale(Value product, Value scale) {
      Node node = algebra.binary(product, Binary.Kind.MUL);
      for (int i = 0; i < 2 && node != null; i++) {
        if (node.input(i).equals(scale)) {
          return graph.constant(node.input(1 - i));
        }
      }
      return null;
    }

    private static boolean isOfColumns(HostTensor scale, HostTensor weights) {
      long count = scale.shape().elements();
      boolean vector = scale.shape().rank() == 0 || scale.shape().dim(-1) == count;
      return vector
          && (count == 1 || count == weights.shape().dim(1))
          && weights.dtype() == DType.F32
          && scale.dtype() == DType.F32;
    }

    private static boolean isWhole(HostTensor weights) {
      for (float w : weights.toFloats()) {
        if (w != Math.rint(w)) {
          return false;
        }
      }
      return true;
    }

    private static HostTensor scaled(HostTensor weights, HostTensor scale) {
      float[] w = weights.toFloats();
      float[] s = scale.toFloats();
      for (int i = 0; i < w.length; i++) {
        w[i] *= s[i % s.length];
      }
      return HostTensor.of(w, weights.shape().toArray());
    }
  }
}
