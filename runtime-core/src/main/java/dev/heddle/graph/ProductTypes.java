package dev.heddle.graph;

import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.MatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** The types of the results of products of matrices, and the check of their operands. */
record ProductTypes(Operands node) {
  TensorType matmul(MatMul o) {
    TensorType a = node.floats(0, true);
    TensorType b = node.in(MatMul.B);
    if (b.dtype().isQuantized()) {
      node.require(
          b,
          o.transposeB() && b.rank() == 2 && a.dtype() == DType.F32,
          "blocks as b [n, k], transposed, and a of f32");
    } else {
      node.require(b, b.dtype().isFloat(), "floats");
    }
    node.require(a, a.rank() >= 1 && b.rank() >= 1, "rank 1 or more");
    node.require(
        a, !(a.rank() == 1 && o.transposeA() || b.rank() == 1 && o.transposeB()), "matrices");
    Dim m = a.rank() == 1 ? null : a.dim(o.transposeA() ? -1 : -2);
    Dim k = a.rank() == 1 ? a.dim(0) : a.dim(o.transposeA() ? -2 : -1);
    Dim k2 = b.rank() == 1 ? b.dim(0) : b.dim(o.transposeB() ? -1 : -2);
    Dim n = b.rank() == 1 ? null : b.dim(o.transposeB() ? -2 : -1);
    node.require(a, k.equals(k2) || k.isFixed() != k2.isFixed(), "inner dimensions alike");
    TensorType batchA = a.with(a.dims().subList(0, Math.max(0, a.rank() - 2)));
    TensorType batchB = a.with(b.dims().subList(0, Math.max(0, b.rank() - 2)));
    List<Dim> dims = new ArrayList<>(node.broadcast(a.dtype(), batchA, batchB).dims());
    if (m != null) {
      dims.add(m);
    }
    if (n != null) {
      dims.add(n);
    }
    TensorType y = a.with(dims);
    if (node.has(MatMul.BIAS)) {
      TensorType bias = node.in(MatMul.BIAS);
      node.require(
          bias,
          bias.dtype().isFloat() && node.broadcast(a.dtype(), y, bias).equals(y),
          "a bias to " + y);
      boolean alike = !b.dtype().isQuantized() || bias.dtype() == a.dtype();
      node.require(bias, alike, "a bias of " + a.dtype() + " where b is of blocks");
    }
    if (node.has(MatMul.RESIDUAL)) {
      node.require(y, node.in(MatMul.RESIDUAL).equals(y), "a residual " + y);
    }
    return y;
  }

  TensorType experts() {
    node.indices(ExpertMatMul.EXPERTS);
    TensorType x = node.in(ExpertMatMul.X);
    TensorType chosen = node.in(ExpertMatMul.EXPERTS);
    TensorType weight = node.in(ExpertMatMul.WEIGHTS);
    boolean rows =
        x.rank() == 2 && x.dim(0).equals(chosen.dim(0))
            || x.rank() == 3 && x.dims().subList(0, 2).equals(chosen.dims());
    node.require(
        x,
        chosen.rank() == 2 && rows && x.dtype().isFloat(),
        "floats [tokens, k] or [tokens, chosen, k], and choices [tokens, chosen]");
    for (int i = ExpertMatMul.WEIGHTS; i < node.inputs().size(); i++) {
      node.require(
          node.in(i),
          node.in(i).equals(weight) && weight.rank() == 2,
          "matrices [n, k] of one type");
    }
    node.require(weight, weight.dim(1).equals(x.dim(-1)), "matrices [n, k], k as in x");
    boolean blocks = weight.dtype().isQuantized() && x.dtype() == DType.F32;
    node.require(
        weight,
        weight.dtype().isFloat() || blocks,
        "matrices of floats, or of blocks and x of f32");
    return x.with(List.of(chosen.dim(0), chosen.dim(1), weight.dim(0)));
  }
}
