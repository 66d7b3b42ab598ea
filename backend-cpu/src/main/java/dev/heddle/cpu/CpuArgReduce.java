package dev.heddle.cpu;

import dev.heddle.op.ArgReduce;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;

/** {@link ArgReduce}: each lane is looked through once. */
final class CpuArgReduce implements Step, WorkerPool.Task {
  private static final long GRAIN = 16_384;

  private final Site site;
  private final ArgReduce op;
  private final Lanes lanes;

  CpuArgReduce(Site site, ArgReduce op) {
    this.site = site;
    this.op = op;
    this.lanes = new Lanes(site.in(0), op.axis(), GRAIN);
  }

  static Choice<CpuKernel.Preparation> choose(ArgReduce op) {
    return CpuKernel.choice("scan", "lane by lane", site -> new CpuArgReduce(site, op));
  }

  @Override
  public long bind() {
    lanes.bind();
    if (lanes.extent() == 0 && lanes.count() > 0) {
      throw site.wrong(
          "axis %d of %s has no elements to choose from".formatted(op.axis(), site.in(0)));
    }
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, lanes.pieces());
  }

  @Override
  public void run(int piece, Scratch scratch) {
    DType dtype = site.in(0).dtype();
    long end = lanes.end(piece);
    for (long lane = lanes.begin(piece); lane < end; lane++) {
      Memory.putLong(site.out(0).address() + 8 * lane, best(dtype, lanes.start(lane)));
    }
  }

  private long best(DType dtype, long start) {
    long best = 0;
    for (long i = 1; i < lanes.extent(); i++) {
      int order = Lanes.compare(dtype, start + i * lanes.stride(), start + best * lanes.stride());
      int better = op.largest() ? order : -order;
      if (better > 0 || better == 0 && op.lastWins()) {
        best = i;
      }
    }
    return best;
  }
}
