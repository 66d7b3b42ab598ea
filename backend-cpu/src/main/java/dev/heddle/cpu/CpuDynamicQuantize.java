package dev.heddle.cpu;

import dev.heddle.op.DynamicQuantize;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;

/** {@link DynamicQuantize}: a group is one thread's, many small ones are a piece. */
final class CpuDynamicQuantize implements Step, WorkerPool.Task {
  /** Elements that a thread takes at a time, and that a kernel is given at most. */
  private static final long GRAIN = 8_192;

  private final Site site;
  private final DynamicQuantize op;
  private final QuantizeKernels kernels;
  private final Operand starts;
  private long size;
  private long groups;
  private long groupsOfPiece;

  private CpuDynamicQuantize(Site site, DynamicQuantize op, QuantizeKernels kernels) {
    this.site = site;
    this.op = op;
    this.kernels = kernels;
    this.starts = site.in(DynamicQuantize.CU_SEQ_LENS);
  }

  static Choice<CpuKernel.Preparation> choose(DynamicQuantize op, Kernels kernels) {
    return CpuKernel.choice(
            kernels.name(),
            "float32, each range of its own group",
            site -> new CpuDynamicQuantize(site, op, kernels.quantize()))
        .over(DynamicQuantize.X);
  }

  @Override
  public long bind() {
    Operand x = site.in(DynamicQuantize.X);
    if (starts != null) {
      size = x.product(1, x.rank());
      groups = Math.max(0, starts.elements() - 1);
      groupsOfPiece = 1;
    } else {
      size = x.product(op.axis(), x.rank());
      groups = x.product(0, op.axis());
      groupsOfPiece = Math.max(1, GRAIN / Math.max(1, size));
    }
    return 0;
  }

  @Override
  public void run() {
    if (starts != null) {
      CuSeqLens.check(site, starts, site.in(DynamicQuantize.X).dim(0));
    }
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(groups, groupsOfPiece)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    if (starts != null) {
      long tokens = site.in(DynamicQuantize.X).dim(0);
      // Clamped: whoever gave the starts may be writing them still.
      long from = Math.clamp(CuSeqLens.at(starts, piece), 0, tokens);
      long to = Math.clamp(CuSeqLens.at(starts, piece + 1), from, tokens);
      group(piece, from * size, to * size);
      return;
    }
    long first = piece * groupsOfPiece;
    long last = Math.min(groups, first + groupsOfPiece);
    for (long group = first; group < last; group++) {
      group(group, group * size, (group + 1) * size);
    }
  }

  private void group(long group, long from, long to) {
    long x = site.in(DynamicQuantize.X).address();
    long y = site.out(DynamicQuantize.VALUES).address();
    float low = 0;
    float high = 0;
    for (long i = from; i < to; i += GRAIN) {
      int count = (int) Math.min(GRAIN, to - i);
      low = Math.min(low, kernels.low(x + 4 * i, count));
      high = Math.max(high, kernels.high(x + 4 * i, count));
    }
    float range = (high - low) / DynamicQuantize.LEVELS;
    float scale = range == 0 ? 1 : range;
    float zero = (float) Math.rint(Math.min(0 - low / scale, DynamicQuantize.LEVELS));
    float factor = op.dequantized() ? scale : 1;
    for (long i = from; i < to; i += GRAIN) {
      int count = (int) Math.min(GRAIN, to - i);
      kernels.codes(x + 4 * i, y + 4 * i, count, scale, zero, factor);
    }
    put(DynamicQuantize.SCALE, group, scale);
    put(DynamicQuantize.ZERO_POINT, group, zero);
  }

  private void put(int output, long group, float value) {
    Operand to = site.out(output);
    if (to != null) {
      Memory.putFloat(to.address() + 4 * group, value);
    }
  }
}
