package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves what is done to the result of a matrix product into it: a factor, a bias {@code [n]}, an
 * activation, a residual of the result's shape. Where a sum of a product and something else feeds a
 * norm, it is the product that takes it, and {@link FuseSkipNorm} gets what is left: the product
 * has its result in registers when it adds, the norm would read one tensor more.
 *
 * <p>Only a product with a single use is changed. It keeps its name.
 */
public record FuseMatMul() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    Rules rules = new Rules(rewriter, new Algebra(rewriter));
    rewriter.forEach(node -> {
      switch (node.op()) {
        case MatMul op -> rules.scaleOperands(node, op);
        case Unary(Unary.Kind kind) -> rules.activate(node, kind);
        case Binary(Binary.Kind kind) when kind == Binary.Kind.ADD -> rules.sum(node);
        case Binary _ -> rules.scale(node);
        default -> {}
      }
    });
    return rewriter.finish();
  }

  private record Rules(Rewriter graph, Algebra algebra) {
    /** The product that produces {@code value} for a single user, or null. */
    private Node product(Value value) {
      Node node = graph.producer(value);
      boolean fits =
          node != null
              && node.op() instanceof MatMul
              && node.input(MatMul.A).type().rank() >= 2
              && node.input(MatMul.B).type().rank() >= 2
              && graph.hasOneUse(value);
      return fits ? node : null;
    }

    private static MatMul op(Node product) {
      return (MatMul) product.op();
    }

    /** {@code (a * f) @ b} is {@code f * (a @ b)}. */
    void scaleOperands(Node node, MatMul op) {
      double alpha = op.alpha();
      List<Value> inputs = new ArrayList<>(node.inputs());
      for (int i = MatMul.A; i <= MatMul.B; i++) {
        Algebra.Scaled scaled = algebra.step(inputs.get(i));
        if (scaled != null && graph.hasOneUse(inputs.get(i))) {
          alpha *= scaled.factor();
          inputs.set(i, scaled.value());
        }
      }
      if (!inputs.equals(node.inputs())) {
        MatMul changed = new MatMul(op.transposeA(), op.transposeB(), alpha, op.activation());
        graph.substitute(node, changed, inputs.toArray(Value[]::new));
      }
    }

    void scale(Node root) {
      Algebra.Scaled scaled = algebra.step(root.output());
      Node product = scaled == null ? null : product(scaled.value());
      if (product == null || product.has(MatMul.BIAS) || product.has(MatMul.RESIDUAL)) {
        return;
      }
      MatMul op = op(product);
      if (op.activation() == Unary.Kind.IDENTITY) {
        double alpha = op.alpha() * scaled.factor();
        MatMul changed = new MatMul(op.transposeA(), op.transposeB(), alpha, Unary.Kind.IDENTITY);
        Value a = product.input(MatMul.A);
        graph.substitute(root, product.name(), changed, a, product.input(MatMul.B));
      }
    }

    void activate(Node root, Unary.Kind kind) {
      Node product = product(root.input(0));
      if (product == null || !isActivation(kind) || product.has(MatMul.RESIDUAL)) {
        return;
      }
      if (op(product).activation() == Unary.Kind.IDENTITY) {
        MatMul changed = op(product).with(kind);
        graph.substitute(root, product.name(), changed, product.inputs().toArray(Value[]::new));
      }
    }

    private static boolean isActivation(Unary.Kind kind) {
      return switch (kind) {
        case RELU, GELU, GELU_TANH, QUICK_GELU, SILU, SIGMOID, TANH -> true;
        default -> false;
      };
    }

    void sum(Node root) {
      for (int i = 1; i >= 0; i--) {
        Node product = product(root.input(i));
        if (product != null && addBias(root, product, root.input(1 - i))) {
          return;
        }
      }
      for (int i = 1; i >= 0; i--) {
        Node product = product(root.input(i));
        if (product != null && addResidual(root, product, root.input(1 - i))) {
          return;
        }
      }
    }

    /** A bias goes before the activation, or after a residual if there is no activation. */
    private boolean addBias(Node root, Node product, Value other) {
      boolean open =
          !product.has(MatMul.BIAS)
              && op(product).activation() == Unary.Kind.IDENTITY
              && isVector(other, product.output().type().dim(-1))
              && product.output().type().equals(root.output().type());
      return open
          && graph.substitute(
              root,
              product.name(),
              op(product),
              product.input(MatMul.A),
              product.input(MatMul.B),
              vector(other),
              product.input(MatMul.RESIDUAL));
    }

    private static boolean isVector(Value value, Dim extent) {
      List<Dim> dims = value.type().dims();
      return !dims.isEmpty()
          && dims.getLast().equals(extent)
          && dims.subList(0, dims.size() - 1).stream().allMatch(dim -> dim.is(1));
    }

    private Value vector(Value value) {
      if (value.type().rank() == 1) {
        return value;
      }
      HostTensor tensor = graph.constant(value);
      return tensor != null
          ? graph.constant(value.name(), tensor.reshape(tensor.shape().elements()))
          : graph.add(value.name(), new Reshape(List.of(value.type().dim(-1))), value);
    }

    private boolean addResidual(Node root, Node product, Value other) {
      return !product.has(MatMul.RESIDUAL)
          && other.type().equals(product.output().type())
          && graph.substitute(
              root,
              product.name(),
              op(product),
              product.input(MatMul.A),
              product.input(MatMul.B),
              product.input(MatMul.BIAS),
              other);
    }
  }
}
