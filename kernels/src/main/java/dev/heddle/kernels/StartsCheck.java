package dev.heddle.kernels;

import dev.heddle.plan.Operand;

/** Has a run refuse starts of sequences that make no sense: {@code starts.cl}. */
final class StartsCheck {
  private final LaunchSite site;
  private final Operand starts;
  private final DeviceKernel kernel;

  /** Checks the input at {@code position} with what {@link #prepare} gave. */
  StartsCheck(LaunchSite site, int position, DeviceKernel kernel) {
    this.site = site;
    this.starts = site.in(position);
    this.kernel = kernel;
  }

  static DeviceKernel prepare(Workshop workshop) {
    return workshop.compile(
        KernelSource.of(
            "starts.cl",
            "check_starts",
            RunStatus.Fault.STARTS_BEGIN.define(),
            RunStatus.Fault.STARTS_END.define(),
            RunStatus.Fault.STARTS_FALL.define()));
  }

  /** Refuses no starts at all. */
  void bind() {
    if (starts.elements() == 0) {
      throw site.wrong("cuSeqLens is empty; expected one start more than there are sequences");
    }
  }

  /** Gives the queue what checks that they go from 0 to {@code tokens} without falling. */
  void run(long tokens) {
    site.tensor(starts).put(starts.elements()).put(tokens).status();
    Grid.elements(site, kernel, starts.elements());
  }
}
