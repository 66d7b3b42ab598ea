package dev.heddle.cpu;

import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.DType;

/** {@link dev.heddle.op.Fill}: one value throughout. */
final class CpuFill implements Step, WorkerPool.Task {
  private static final long GRAIN = 65_536;

  private final Site site;
  private final double value;

  /** Fills the first output. */
  CpuFill(Site site, double value) {
    this.site = site;
    this.value = value;
  }

  static Choice<CpuKernel.Preparation> choose(double value) {
    return CpuKernel.choice("fill", "one value", site -> new CpuFill(site, value));
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    site.workers().run(this, Math.toIntExact(Math.ceilDiv(site.out(0).elements(), GRAIN)));
  }

  @Override
  public void run(int piece, Scratch scratch) {
    Operand y = site.out(0);
    long first = piece * GRAIN;
    long count = Math.min(GRAIN, y.elements() - first);
    fill(y.dtype(), y.address() + first * y.dtype().bytes(), count, value);
  }

  private static void fill(DType dtype, long address, long count, double value) {
    int bytes = dtype.bytes();
    Scalars.putDouble(dtype, address, value);
    for (long done = 1; done < count; done *= 2) {
      Memory.copy(address, address + done * bytes, Math.min(done, count - done) * bytes);
    }
  }
}
