package dev.heddle.kernels;

import dev.heddle.op.Sample;
import dev.heddle.plan.Choice;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** {@link Sample}: {@code sample.cl}. */
final class SampleLaunch implements Launch {
  private static final int ITEMS = 256;
  private static final int GROUPS_PER_UNIT = 8;

  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final int items;

  private SampleLaunch(LaunchSite site, DeviceKernel kernel, int items) {
    this.site = site;
    this.kernel = kernel;
    this.items = items;
  }

  static Choice<Preparation> choose(DeviceLimits limits) {
    int items = limits.cpu() ? 1 : (int) Math.min(ITEMS, Long.highestOneBit(limits.maxGroupSize()));
    return Choice.Run.of(
        "search in bits",
        "a row by a group, nothing sorted",
        workshop -> {
          List<String> defines = new ArrayList<>(Orders.defines(DType.F32, true));
          defines.add("ITEMS " + items);
          DeviceKernel compiled =
              workshop.compile(new KernelSource("sample.cl", "sample", defines));
          return site -> new SampleLaunch(site, compiled, items);
        });
  }

  @Override
  public long bind() {
    long length = site.in(Sample.LOGITS).dim(1);
    if (length > Sample.LONGEST_ROW) {
      throw site.wrong(
          "rows of %d logits; at most %d are supported".formatted(length, Sample.LONGEST_ROW));
    }
    return 0;
  }

  @Override
  public void run() {
    long rows = site.in(Sample.LOGITS).dim(0);
    site.tensor(site.out(Sample.IDS)).tensor(site.out(Sample.LOG_PROBABILITIES));
    for (int i = Sample.LOGITS; i <= Sample.UNIFORM; i++) {
      site.tensor(site.in(i));
    }
    site.put(rows).put(site.in(Sample.LOGITS).dim(1));
    long most = (long) GROUPS_PER_UNIT * site.limits().computeUnits();
    site.launch(kernel, Extent.of(Math.min(rows, most)), Extent.of(items));
  }
}
