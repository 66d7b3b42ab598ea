package dev.heddle.cpu;

import dev.heddle.op.GatherNd;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;

/** {@link GatherNd}: one slice for each index tuple. */
final class CpuGatherNd implements Step, WorkerPool.Task {
  private static final long GRAIN = 65_536;

  private final Site site;
  private final GatherNd op;
  private int depth;
  private long slice;
  private long tuples;
  private long tuplesOfBatch;
  private long tuplesOfPiece;
  private long batchStride;

  CpuGatherNd(Site site, GatherNd op) {
    this.site = site;
    this.op = op;
  }

  static Choice<CpuKernel.Preparation> choose(GatherNd op) {
    return CpuKernel.choice(
        "copy slices", "indices are checked", site -> new CpuGatherNd(site, op));
  }

  @Override
  public long bind() {
    Operand x = site.in(GatherNd.X);
    Operand indices = site.in(GatherNd.INDICES);
    int batchDims = op.batchDims();
    for (int axis = 0; axis < batchDims; axis++) {
      if (x.dim(axis) != indices.dim(axis)) {
        throw site.wrong("batch axis %d differs: %s, %s".formatted(axis, x, indices));
      }
    }
    depth = Math.toIntExact(indices.dim(-1));
    slice = x.product(batchDims + depth, x.rank()) * x.dtype().bytes();
    tuples = indices.product(0, indices.rank() - 1);
    tuplesOfBatch = indices.product(batchDims, indices.rank() - 1);
    batchStride = x.product(batchDims, x.rank()) * x.dtype().bytes();
    tuplesOfPiece = Math.max(1, GRAIN / Math.max(1, slice));
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(tuples, tuplesOfPiece)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(GatherNd.X);
    Operand indices = site.in(GatherNd.INDICES);
    int bytes = indices.dtype().bytes();
    long end = Math.min(tuples, (piece + 1) * tuplesOfPiece);
    for (long tuple = piece * tuplesOfPiece; tuple < end; tuple++) {
      long from = x.address() + tuple / tuplesOfBatch * batchStride;
      for (int i = 0; i < depth; i++) {
        int axis = op.batchDims() + i;
        long raw =
            Scalars.getLong(indices.dtype(), indices.address() + (tuple * depth + i) * bytes);
        from += site.index(raw, x.dim(axis)) * x.stride(axis);
      }
      Memory.copy(from, site.out(0).address() + tuple * slice, slice);
    }
  }
}
