package dev.heddle.cpu;

import dev.heddle.op.CumSum;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;

/** {@link CumSum}: floats are summed in float64, integers in 64 bits. */
final class CpuCumSum implements Step, WorkerPool.Task {
  private static final long GRAIN = 16_384;

  private final Site site;
  private final CumSum op;
  private final Lanes lanes;

  CpuCumSum(Site site, CumSum op) {
    this.site = site;
    this.op = op;
    this.lanes = new Lanes(site.in(0), op.axis(), GRAIN);
  }

  static Choice<CpuKernel.Preparation> choose(CumSum op) {
    return CpuKernel.choice("scan", "lane by lane", site -> new CpuCumSum(site, op)).over(0);
  }

  @Override
  public long bind() {
    lanes.bind();
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, lanes.pieces());
  }

  @Override
  public void run(int piece, Scratch scratch) {
    DType dtype = site.in(0).dtype();
    long toY = site.out(0).address() - site.in(0).address();
    long end = lanes.end(piece);
    for (long lane = lanes.begin(piece); lane < end; lane++) {
      // A reversed lane is walked from its last element.
      long step = op.reverse() ? -lanes.stride() : lanes.stride();
      long first = lanes.start(lane) + (op.reverse() ? (lanes.extent() - 1) * lanes.stride() : 0);
      if (dtype.isFloat()) {
        doubles(dtype, first, step, toY);
      } else {
        longs(dtype, first, step, toY);
      }
    }
  }

  private void doubles(DType dtype, long first, long step, long toY) {
    double sum = 0;
    for (long i = 0; i < lanes.extent(); i++) {
      long at = first + i * step;
      double next = sum + Scalars.getDouble(dtype, at);
      Scalars.putDouble(dtype, at + toY, op.exclusive() ? sum : next);
      sum = next;
    }
  }

  private void longs(DType dtype, long first, long step, long toY) {
    long sum = 0;
    for (long i = 0; i < lanes.extent(); i++) {
      long at = first + i * step;
      long next = sum + Scalars.getLong(dtype, at);
      Scalars.putLong(dtype, at + toY, op.exclusive() ? sum : next);
      sum = next;
    }
  }
}
