package dev.heddle.cpu;

import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/**
 * {@link MatMul} of any float types in float64, rounded once: for types without a faster kernel.
 */
final class DoubleMatMul implements Step, WorkerPool.Task {
  /** Columns of the result that are summed side by side. */
  private static final long BLOCK = 256;

  private final Site site;
  private final MatMul op;
  private final MatMulExtents extents;
  private long blocks;

  DoubleMatMul(Site site, MatMul op) {
    this.site = site;
    this.op = op;
    this.extents = new MatMulExtents(site, op);
  }

  @Override
  public long bind() {
    extents.bind();
    blocks = Math.ceilDiv(extents.n(), BLOCK);
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, Math.toIntExact(extents.batches() * extents.m() * blocks));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long batch = piece / blocks / extents.m();
    long row = piece / blocks % extents.m();
    long first = piece % blocks * BLOCK;
    long count = Math.min(BLOCK, extents.n() - first);
    long sums = scratch.address(BLOCK * Double.BYTES);
    Memory.zero(sums, count * Double.BYTES);
    DType typeA = site.in(MatMul.A).dtype();
    DType typeB = site.in(MatMul.B).dtype();
    long a = extents.a(batch) + row * extents.aRow();
    long b = extents.b(batch) + first * extents.bColumn();
    long columnB = extents.bColumn();
    for (long i = 0; i < extents.k(); i++) {
      double left = Scalars.getDouble(typeA, a + i * extents.aColumn());
      long right = b + i * extents.bRow();
      for (long j = 0; j < count; j++) {
        double product = left * Scalars.getDouble(typeB, right + j * columnB);
        Memory.putDouble(sums + 8 * j, Memory.getDouble(sums + 8 * j) + product);
      }
    }
    for (long j = 0; j < count; j++) {
      finish(batch, row, first + j, Memory.getDouble(sums + 8 * j));
    }
  }

  private void finish(long batch, long row, long column, double product) {
    DType dtype = site.out(0).dtype();
    double sum = op.alpha() * product;
    Operand bias = site.in(MatMul.BIAS);
    if (bias != null) {
      long at = extents.bias(batch) + row * extents.biasRow() + column * extents.biasColumn();
      sum += Scalars.getDouble(bias.dtype(), at);
    }
    double value =
        op.activation() == Unary.Kind.IDENTITY ? sum : CpuUnary.apply(op.activation(), sum);
    long offset = (row * extents.n() + column) * dtype.bytes();
    if (site.in(MatMul.RESIDUAL) != null) {
      value += Scalars.getDouble(dtype, extents.residual(batch) + offset);
    }
    Scalars.putDouble(dtype, extents.y(batch) + offset, value);
  }
}
