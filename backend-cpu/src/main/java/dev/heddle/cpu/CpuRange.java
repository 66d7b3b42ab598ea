package dev.heddle.cpu;

import dev.heddle.op.Range;
import dev.heddle.plan.Choice;
import dev.heddle.plan.Operand;

/** {@link Range}: counts. */
record CpuRange(Site site, Range op) implements Step {

  static Choice<CpuKernel.Preparation> choose(Range op) {
    return CpuKernel.choice("count", "one thread", site -> new CpuRange(site, op));
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    Operand y = site.out(0);
    long start = site.evaluate(op.start());
    for (long i = 0; i < y.elements(); i++) {
      long address = y.address() + i * op.dtype().bytes();
      Scalars.putLong(op.dtype(), address, start + i * op.step());
    }
  }
}
