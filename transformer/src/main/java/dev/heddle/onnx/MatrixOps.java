package dev.heddle.onnx;

import dev.heddle.graph.TypeInference;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.Transpose;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** Matrix products. */
final class MatrixOps {
  private MatrixOps() {}

  static Operand matmul(OnnxNode n) {
    return product(n, MatMul.PLAIN, n.in(0), n.in(1));
  }

  /** {@code alpha * a @ b + beta * c}. */
  static Operand gemm(OnnxNode n) {
    MatMul op =
        new MatMul(
            n.flag("transA", false),
            n.flag("transB", false),
            n.real("alpha", 1),
            Unary.Kind.IDENTITY);
    double beta = n.real("beta", 1);
    if (!n.has(2) || beta == 0) {
      return product(n, op, n.in(0), n.in(1));
    }
    DType dtype = n.dtype(0);
    Operand c = n.in(2);
    if (beta != 1) {
      // The sum is rounded to a short type, not each of its terms.
      DType wide = dtype == DType.F16 || dtype == DType.BF16 ? DType.F32 : dtype;
      c = wide == c.type().dtype() ? c : n.emit(new Cast(wide), c);
      c = n.emit(new Binary(Binary.Kind.MUL), c, n.number(wide, beta));
    }
    if (dtype.isFloat() && isBias(c.type(), type(n, op))) {
      return n.emit(op, n.in(0), n.in(1), c);
    }
    c = c.type().dtype() == dtype ? c : n.emit(new Cast(dtype), c);
    return n.emit(new Binary(Binary.Kind.ADD), product(n, op, n.in(0), n.in(1)), c);
  }

  private static TensorType type(OnnxNode n, MatMul op) {
    List<TensorType> operands = List.of(n.inType(0), n.inType(1));
    return TypeInference.infer(n.name(), op, operands, 1).getFirst();
  }

  /** Whether {@code c} is broadcast to {@code y}, whatever the symbols. */
  private static boolean isBias(TensorType c, TensorType y) {
    boolean fits = c.rank() <= y.rank();
    for (int axis = 1; fits && axis <= c.rank(); axis++) {
      fits = c.dim(-axis).is(1) || c.dim(-axis).equals(y.dim(-axis));
    }
    return fits;
  }

  private static Operand product(OnnxNode n, MatMul op, Operand a, Operand b) {
    return n.dtype(0).isFloat() ? n.emit(op, a, b) : ofIntegers(n, op, a, b);
  }

  /** Integers are multiplied one by one and added up, {@code [..., m, k, 1] * [..., 1, k, n]}. */
  private static Operand ofIntegers(OnnxNode n, MatMul op, Operand a, Operand b) {
    if (op.alpha() != Math.rint(op.alpha())) {
      throw n.unsupported("scales integers by " + op.alpha());
    }
    boolean row = a.type().rank() == 1;
    boolean column = b.type().rank() == 1;
    Operand left = row ? unsqueezed(n, a, 0) : op.transposeA() ? transposed(n, a) : a;
    Operand right = column ? unsqueezed(n, b, 1) : op.transposeB() ? transposed(n, b) : b;
    Operand products =
        n.emit(
            new Binary(Binary.Kind.MUL),
            unsqueezed(n, left, left.type().rank()),
            unsqueezed(n, right, right.type().rank() - 2));
    Operand sum =
        n.emit(new Reduce(Reduce.Kind.SUM, List.of(products.type().rank() - 2), false), products);
    List<Dim> dims = new ArrayList<>(sum.type().dims());
    if (column) {
      dims.removeLast();
    }
    if (row) {
      dims.remove(dims.size() - (column ? 1 : 2));
    }
    Operand y = dims.equals(sum.type().dims()) ? sum : n.emit(new Reshape(dims), sum);
    return op.alpha() == 1
        ? y
        : n.emit(new Binary(Binary.Kind.MUL), y, n.number(n.dtype(0), op.alpha()));
  }

  private static Operand unsqueezed(OnnxNode n, Operand x, int axis) {
    List<Dim> dims = new ArrayList<>(x.type().dims());
    dims.add(axis, Dim.ONE);
    return n.emit(new Reshape(dims), x);
  }

  private static Operand transposed(OnnxNode n, Operand x) {
    return n.emit(new Transpose(List.of(1, 0)), x);
  }
}
