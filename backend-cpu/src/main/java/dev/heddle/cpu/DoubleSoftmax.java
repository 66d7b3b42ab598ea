package dev.heddle.cpu;

import dev.heddle.op.Softmax;
import dev.heddle.tensor.DType;

/** {@link Softmax} of any float type over any axis in float64, rounded once. */
final class DoubleSoftmax implements Step, WorkerPool.Task {
  private static final long GRAIN = 2_048;

  private final Site site;
  private final Softmax op;
  private final Lanes lanes;

  DoubleSoftmax(Site site, Softmax op) {
    this.site = site;
    this.op = op;
    this.lanes = new Lanes(site.in(0), op.axis(), GRAIN);
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
    long end = lanes.end(piece);
    for (long lane = lanes.begin(piece); lane < end; lane++) {
      lane(lanes.start(lane));
    }
  }

  private void lane(long x) {
    DType dtype = site.in(0).dtype();
    long toY = site.out(0).address() - site.in(0).address();
    long step = lanes.stride();
    long end = x + lanes.extent() * step;
    double max = Double.NEGATIVE_INFINITY;
    for (long at = x; at < end; at += step) {
      max = Math.max(max, Scalars.getDouble(dtype, at));
    }
    boolean empty = max == Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (long at = x; !empty && at < end; at += step) {
      sum += Math.exp(Scalars.getDouble(dtype, at) - max);
    }
    double logarithm = Math.log(sum);
    for (long at = x; at < end; at += step) {
      double off = Scalars.getDouble(dtype, at) - max;
      double y = op.log() ? off - logarithm : Math.exp(off) / sum;
      Scalars.putDouble(dtype, at + toY, !empty ? y : op.log() ? max : 0);
    }
  }
}
