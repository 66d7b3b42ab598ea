package dev.heddle.kernels;

import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.MatMul;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;

/**
 * How a {@link MatMul}'s operands lie in one run: {@link #products()} products of {@code [m, k]} by
 * {@code [k, n]}, each operand with its strides in elements.
 *
 * <p>Where one b serves all and the rows of a lie one after another, all are one product: linear
 * layers over {@code [batch, sequence, hidden]}.
 */
final class MatMulExtents {
  private final LaunchSite site;
  private final MatMul op;
  private final boolean folded;
  private final Walk batch = new Walk(4);
  private long m;
  private long n;
  private long k;
  private long biasRow;
  private long biasColumn;

  MatMulExtents(LaunchSite site, MatMul op) {
    this.site = site;
    this.op = op;
    this.folded = isOneProduct(site.node(), op);
  }

  /** Whether all that the node computes is one product, whatever the extents are. */
  static boolean isOneProduct(Node node, MatMul op) {
    TensorType a = node.input(MatMul.A).type();
    TensorType b = node.input(MatMul.B).type();
    if (b.rank() > 2) {
      return false;
    }
    if (a.rank() <= 2) {
      return true;
    }
    Value bias = node.input(MatMul.BIAS);
    return !op.transposeA()
        && (bias == null || b.rank() == 2 && isOneRow(bias.type()) || isOne(bias.type()));
  }

  private static boolean isOneRow(TensorType x) {
    return x.rank() == 0 || Dim.product(x.dims().subList(0, x.rank() - 1)).is(1);
  }

  private static boolean isOne(TensorType x) {
    return x.elements().is(1);
  }

  void bind() {
    Operand a = site.in(MatMul.A);
    Operand b = site.in(MatMul.B);
    Operand y = site.out(0);
    m = a.rank() == 1 ? 1 : a.dim(op.transposeA() ? -1 : -2);
    k = a.rank() == 1 ? a.dim(0) : a.dim(op.transposeA() ? -2 : -1);
    n = b.rank() == 1 ? 1 : b.dim(op.transposeB() ? -2 : -1);
    long inner = b.rank() == 1 ? b.dim(0) : b.dim(op.transposeB() ? -1 : -2);
    if (k != inner) {
      throw site.wrong("inner extents %d and %d differ: a %s, b %s".formatted(k, inner, a, b));
    }
    Operand residual = site.in(MatMul.RESIDUAL);
    if (residual != null && !residual.sameShape(y)) {
      throw site.wrong("the residual %s is not of the result's shape %s".formatted(residual, y));
    }
    bindBias();
    batch.begin();
    if (folded) {
      m *= a.rank() > 2 ? a.product(0, a.rank() - 2) : 1;
    } else {
      bindBatch(a, b, y);
    }
  }

  private void bindBias() {
    Operand bias = site.in(MatMul.BIAS);
    boolean row = site.in(MatMul.A).rank() > 1;
    boolean column = site.in(MatMul.B).rank() > 1;
    biasColumn = bias != null && column ? stride(bias, 1, n) : 0;
    biasRow = bias != null && row ? stride(bias, column ? 2 : 1, m) : 0;
  }

  private void bindBatch(Operand a, Operand b, Operand y) {
    Operand bias = site.in(MatMul.BIAS);
    int rank = Math.max(0, Math.max(a.rank(), b.rank()) - 2);
    for (int axis = 0; axis < rank; axis++) {
      long extent = y.dim(axis);
      int fromLast = rank - axis;
      batch.axis(
          site,
          extent,
          y.product(axis + 1, rank),
          matrices(a, fromLast + 2, extent),
          matrices(b, fromLast + 2, extent),
          bias == null ? 0 : stride(bias, y.rank() - axis, extent));
    }
  }

  /** Matrices from one of the axis {@code fromLast} counted from the last to the next. */
  private long matrices(Operand x, int fromLast, long extent) {
    return stride(x, fromLast, extent) == 0 ? 0 : x.product(x.rank() - fromLast + 1, x.rank() - 2);
  }

  /** Elements from one of the axis {@code fromLast} to the next, 0 where {@code x} repeats. */
  private long stride(Operand x, int fromLast, long extent) {
    int axis = x.rank() - fromLast;
    if (axis < 0 || x.dim(axis) == 1) {
      return 0;
    }
    if (x.dim(axis) != extent) {
      throw site.wrong("%s does not broadcast to %s".formatted(x, site.out(0)));
    }
    return x.product(axis + 1, x.rank());
  }

  long m() {
    return m;
  }

  long n() {
    return n;
  }

  long k() {
    return k;
  }

  /** The products: operand 0 is y, then a, b, bias; strides are matrices, and elements of bias. */
  Walk batch() {
    return batch;
  }

  long products() {
    return batch.elements();
  }

  /** Matrices that an operand holds: fewer than products where it repeats. */
  long matrices(Operand x) {
    return x.rank() <= 2 || folded ? 1 : x.product(0, x.rank() - 2);
  }

  /** {@code BATCH} of the dialect, where there may be several products. */
  void putBatch() {
    if (!folded) {
      batch.putExtents(site);
      batch.putStrides(site, 1);
      batch.putStrides(site, 2);
      batch.putStrides(site, 3);
    }
  }

  long aRow() {
    return site.in(MatMul.A).rank() > 1 && op.transposeA() ? 1 : k;
  }

  long aK() {
    return site.in(MatMul.A).rank() > 1 && op.transposeA() ? m : 1;
  }

  long bK() {
    return site.in(MatMul.B).rank() == 1 || op.transposeB() ? 1 : n;
  }

  long bColumn() {
    return site.in(MatMul.B).rank() > 1 && op.transposeB() ? k : 1;
  }

  long biasRow() {
    return biasRow;
  }

  long biasColumn() {
    return biasColumn;
  }
}
