package dev.heddle.cpu;

import dev.heddle.op.MatMul;
import dev.heddle.plan.Operand;

/**
 * How a {@link MatMul}'s operands lie in one run: {@link #batches()} products of {@code [m, k]} by
 * {@code [k, n]}, each operand with its strides in bytes.
 *
 * <p>Where one b serves all batches and the rows of a lie one after another, the batches are folded
 * into m: linear layers over {@code [batch, sequence, hidden]} are one product.
 */
final class MatMulExtents implements MatMulTask.Matrices {
  private final Site site;
  private final MatMul op;
  private final Loops batch;
  private long m;
  private long n;
  private long k;
  private boolean folded;
  private long biasRow;
  private long biasColumn;

  MatMulExtents(Site site, MatMul op) {
    this.site = site;
    this.op = op;
    this.batch = new Loops(site.out(0).rank());
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
    bindBatch(a, b, y);
    bindBias(y);
    Operand residual = site.in(MatMul.RESIDUAL);
    if (residual != null && !residual.sameShape(y)) {
      throw site.wrong("the residual %s is not of the result's shape %s".formatted(residual, y));
    }
    folded = canFold(a, b, y);
    if (folded) {
      m *= batch.fullRows() * batch.rowLength();
    }
  }

  private void bindBatch(Operand a, Operand b, Operand y) {
    Operand bias = site.in(MatMul.BIAS);
    int rank = batchRank();
    batch.begin();
    long stride = y.bytes();
    for (int axis = 0; axis < rank; axis++) {
      long extent = y.dim(axis);
      stride = extent == 0 ? 0 : stride / extent;
      int fromLast = rank - axis;
      batch.axis(
          extent,
          stride,
          stride(a, fromLast + 2, extent),
          stride(b, fromLast + 2, extent),
          bias == null ? 0 : stride(bias, y.rank() - axis, extent));
    }
    batch.end();
  }

  /** Axes of the result before those of the matrices. */
  private int batchRank() {
    int ofA = Math.max(0, site.in(MatMul.A).rank() - 2);
    int ofB = Math.max(0, site.in(MatMul.B).rank() - 2);
    return Math.max(ofA, ofB);
  }

  /** Stride of the axis {@code fromLast} counted from the last, 0 where {@code x} repeats. */
  private long stride(Operand x, int fromLast, long extent) {
    int axis = x.rank() - fromLast;
    if (axis < 0 || x.dim(axis) == 1) {
      return 0;
    }
    if (x.dim(axis) != extent) {
      throw site.wrong("%s does not broadcast to %s".formatted(x, site.out(0)));
    }
    return x.stride(axis);
  }

  private void bindBias(Operand y) {
    Operand bias = site.in(MatMul.BIAS);
    if (bias == null) {
      return;
    }
    boolean row = site.in(MatMul.A).rank() > 1;
    boolean column = site.in(MatMul.B).rank() > 1;
    biasColumn = column ? stride(bias, 1, n) : 0;
    biasRow = row ? stride(bias, column ? 2 : 1, m) : 0;
  }

  private boolean canFold(Operand a, Operand b, Operand y) {
    boolean rowsFollow =
        !op.transposeA() && a.rank() >= 2 && a.elements() == y.elements() / Math.max(1, n) * k;
    boolean oneB = b.rank() <= 2 || b.product(0, b.rank() - 2) == 1;
    Operand bias = site.in(MatMul.BIAS);
    boolean oneBias = bias == null || biasRow == 0 && bias.elements() <= n;
    return rowsFollow && oneB && oneBias && n > 0;
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

  long batches() {
    return folded ? 1 : batch.fullRows() * batch.rowLength();
  }

  /** Address of the matrix of batch {@code index} in operand 0 (y), 1 (a), 2 (b) or 3 (bias). */
  private long at(Operand x, int operand, long index) {
    if (folded) {
      return x.address();
    }
    long row = index / batch.rowLength();
    return x.address()
        + batch.offset(operand, row)
        + index % batch.rowLength() * batch.rowStride(operand);
  }

  @Override
  public long y(long index) {
    return at(site.out(0), 0, index);
  }

  @Override
  public long residual(long index) {
    Operand residual = site.in(MatMul.RESIDUAL);
    return residual == null ? 0 : residual.address() + y(index) - site.out(0).address();
  }

  @Override
  public long a(long index) {
    return at(site.in(MatMul.A), 1, index);
  }

  @Override
  public long b(long index) {
    return at(site.in(MatMul.B), 2, index);
  }

  @Override
  public long bias(long index) {
    Operand bias = site.in(MatMul.BIAS);
    return bias == null ? 0 : at(bias, 3, index);
  }

  /** Bytes from one row of a to the next. */
  long aRow() {
    Operand a = site.in(MatMul.A);
    return a.dtype().bytes() * (a.rank() > 1 && op.transposeA() ? 1 : k);
  }

  /** Bytes from one column of a to the next. */
  long aColumn() {
    Operand a = site.in(MatMul.A);
    return a.dtype().bytes() * (a.rank() > 1 && op.transposeA() ? m : 1);
  }

  /** Bytes from one row of b to the next. */
  long bRow() {
    Operand b = site.in(MatMul.B);
    return b.dtype().bytes() * (b.rank() == 1 || op.transposeB() ? 1 : n);
  }

  /** Bytes from one column of b to the next. */
  long bColumn() {
    Operand b = site.in(MatMul.B);
    return b.dtype().bytes() * (b.rank() > 1 && op.transposeB() ? k : 1);
  }

  /** Bytes from one row of the bias to the next, 0 where all are one. */
  long biasRow() {
    return biasRow;
  }

  /** Bytes from one column of the bias to the next, 0 where all are one. */
  long biasColumn() {
    return biasColumn;
  }
}
