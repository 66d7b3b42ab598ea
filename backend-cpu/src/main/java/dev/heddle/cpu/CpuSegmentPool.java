package dev.heddle.cpu;

import dev.heddle.op.SegmentPool;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link SegmentPool}: the tokens of a sequence are combined in order, in float64. */
final class CpuSegmentPool implements Step, WorkerPool.Task {
  /** Columns that a thread takes at a time. */
  private static final long BLOCK = 256;

  private final Site site;
  private final SegmentPool op;
  private long blocks;

  CpuSegmentPool(Site site, SegmentPool op) {
    this.site = site;
    this.op = op;
  }

  static Choice<CpuKernel.Preparation> choose(SegmentPool op) {
    return CpuKernel.choice(
        "accumulate doubles", "one order for each sequence", site -> new CpuSegmentPool(site, op));
  }

  @Override
  public long bind() {
    blocks = Math.ceilDiv(site.in(SegmentPool.X).dim(1), BLOCK);
    return 0;
  }

  @Override
  public void run() {
    Operand starts = site.in(SegmentPool.CU_SEQ_LENS);
    CuSeqLens.check(site, starts, site.in(SegmentPool.X).dim(0));
    site.workers().run(this, Math.toIntExact(blocks * (starts.elements() - 1)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand x = site.in(SegmentPool.X);
    Operand y = site.out(0);
    Operand starts = site.in(SegmentPool.CU_SEQ_LENS);
    DType dtype = x.dtype();
    long sequence = piece / blocks;
    long first = piece % blocks * BLOCK;
    long count = Math.min(BLOCK, x.dim(1) - first);
    long tokens = x.dim(0);
    // Clamped: whoever gave the starts may be writing them still.
    long from = Math.clamp(CuSeqLens.at(starts, sequence), 0, tokens);
    long to = Math.clamp(CuSeqLens.at(starts, sequence + 1), from, tokens);
    long target = y.address() + (sequence * x.dim(1) + first) * dtype.bytes();
    long source = x.address() + first * dtype.bytes();
    if (from == to) {
      Memory.zero(target, count * dtype.bytes());
      return;
    }
    switch (op.kind()) {
      case FIRST -> Memory.copy(source + from * x.stride(0), target, count * dtype.bytes());
      case LAST -> Memory.copy(source + (to - 1) * x.stride(0), target, count * dtype.bytes());
      case MEAN, MEAN_SQRT_LENGTH, MAX ->
          accumulate(source, from, to, count, target, scratch.address(BLOCK * Double.BYTES));
    }
  }

  private void accumulate(long x, long from, long to, long count, long y, long sums) {
    DType dtype = site.in(SegmentPool.X).dtype();
    boolean max = op.kind() == SegmentPool.Kind.MAX;
    for (long i = 0; i < count; i++) {
      Memory.putDouble(sums + 8 * i, max ? Double.NEGATIVE_INFINITY : 0);
    }
    for (long token = from; token < to; token++) {
      long row = x + token * site.in(SegmentPool.X).stride(0);
      if (max) {
        greatest(dtype, row, count, sums);
      } else {
        add(dtype, row, count, sums);
      }
    }
    double length = to - from;
    double divisor = op.kind() == SegmentPool.Kind.MEAN ? length : max ? 1 : Math.sqrt(length);
    for (long i = 0; i < count; i++) {
      double value = Memory.getDouble(sums + 8 * i) / divisor;
      Scalars.putDouble(dtype, y + i * dtype.bytes(), value);
    }
  }

  private static void add(DType dtype, long row, long count, long sums) {
    if (dtype == DType.F32) {
      for (long i = 0; i < count; i++) {
        long at = sums + 8 * i;
        Memory.putDouble(at, Memory.getDouble(at) + Memory.getFloat(row + 4 * i));
      }
      return;
    }
    for (long i = 0; i < count; i++) {
      double value = Scalars.getDouble(dtype, row + i * dtype.bytes());
      Memory.putDouble(sums + 8 * i, Memory.getDouble(sums + 8 * i) + value);
    }
  }

  private static void greatest(DType dtype, long row, long count, long sums) {
    for (long i = 0; i < count; i++) {
      double value = Scalars.getDouble(dtype, row + i * dtype.bytes());
      Memory.putDouble(sums + 8 * i, Math.max(Memory.getDouble(sums + 8 * i), value));
    }
  }
}
