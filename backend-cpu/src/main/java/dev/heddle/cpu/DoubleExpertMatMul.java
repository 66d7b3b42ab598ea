package dev.heddle.cpu;

import dev.heddle.op.ExpertMatMul;
import dev.heddle.plan.Operand;

/**
 * {@link ExpertMatMul} of any float types in float64, rounded once: for types without a faster
 * kernel.
 */
final class DoubleExpertMatMul implements Step, WorkerPool.Task {
  private final Site site;
  private final ExpertExtents extents;

  DoubleExpertMatMul(Site site) {
    this.site = site;
    this.extents = new ExpertExtents(site);
  }

  @Override
  public long bind() {
    extents.bind();
    return 0;
  }

  @Override
  public void run() {
    for (int pair = 0; pair < extents.pairs(); pair++) {
      extents.chosen(pair);
    }
    site.workers().run(this, extents.pairs());
  }

  @Override
  public void run(int pair, Scratch scratch) {
    Operand x = site.in(ExpertMatMul.X);
    Operand y = site.out(0);
    Operand weight = site.in(ExpertMatMul.WEIGHTS + extents.chosen(pair));
    int xBytes = x.dtype().bytes();
    int weightBytes = weight.dtype().bytes();
    long row = x.address() + extents.row(pair) * extents.k() * xBytes;
    for (long column = 0; column < extents.n(); column++) {
      long terms = weight.address() + column * extents.k() * weightBytes;
      double sum = 0;
      for (int i = 0; i < extents.k(); i++) {
        double left = Scalars.getDouble(x.dtype(), row + (long) i * xBytes);
        sum += left * Scalars.getDouble(weight.dtype(), terms + (long) i * weightBytes);
      }
      long at = (pair * (long) extents.n() + column) * y.dtype().bytes();
      Scalars.putDouble(y.dtype(), y.address() + at, sum);
    }
  }
}
