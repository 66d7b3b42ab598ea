package dev.heddle.cpu;

import dev.heddle.op.DimensionsOf;
import dev.heddle.plan.Choice;

/** {@link DimensionsOf}: the run's extents as data. */
record CpuDimensionsOf(Site site, DimensionsOf op) implements Step {

  static Choice<CpuKernel.Preparation> choose(DimensionsOf op) {
    return CpuKernel.choice(
        "evaluate", "from the run's symbols", site -> new CpuDimensionsOf(site, op));
  }

  @Override
  public long bind() {
    return 0;
  }

  @Override
  public void run() {
    long y = site.out(0).address();
    for (int i = 0; i < op.dims().size(); i++) {
      Memory.putLong(y + 8L * i, site.evaluate(op.dims().get(i)));
    }
  }
}
