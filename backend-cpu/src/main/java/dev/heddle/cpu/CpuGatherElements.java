package dev.heddle.cpu;

import dev.heddle.op.GatherElements;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;

/** {@link GatherElements}: one index for each element. */
final class CpuGatherElements implements Step, WorkerPool.Task, Loops.Row {
  private static final long GRAIN = 8_192;

  private final Site site;
  private final GatherElements op;
  private final Loops loops;
  private long extent;
  private long along;

  CpuGatherElements(Site site, GatherElements op) {
    this.site = site;
    this.op = op;
    this.loops = new Loops(site.out(0).rank());
  }

  static Choice<CpuKernel.Preparation> choose(GatherElements op) {
    return CpuKernel.choice(
        "copy elements", "indices are checked", site -> new CpuGatherElements(site, op));
  }

  @Override
  public long bind() {
    Operand x = site.in(GatherElements.X);
    Operand indices = site.in(GatherElements.INDICES);
    Operand y = site.out(0);
    extent = x.dim(op.axis());
    along = x.stride(op.axis());
    loops.begin();
    for (int axis = 0; axis < y.rank(); axis++) {
      if (axis != op.axis() && y.dim(axis) > x.dim(axis)) {
        throw site.wrong("%s reaches past axis %d of %s".formatted(indices, axis, x));
      }
      loops.axis(
          y.dim(axis),
          y.stride(axis),
          axis == op.axis() ? 0 : x.stride(axis),
          indices.stride(axis),
          0);
    }
    loops.end();
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, loops.pieces(GRAIN));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    long x = site.in(GatherElements.X).address();
    long indices = site.in(GatherElements.INDICES).address();
    loops.walk(piece, GRAIN, site.out(0).address(), x, indices, 0, this, scratch);
  }

  @Override
  public void run(long count, long y, long x, long indices, long d, Scratch scratch) {
    Operand given = site.in(GatherElements.INDICES);
    int bytes = site.out(0).dtype().bytes();
    for (long i = 0; i < count; i++) {
      long raw = Scalars.getLong(given.dtype(), indices + i * loops.rowStride(2));
      long from = x + i * loops.rowStride(1) + site.index(raw, extent) * along;
      Scalars.move(bytes, from, y + i * loops.rowStride(0));
    }
  }
}
