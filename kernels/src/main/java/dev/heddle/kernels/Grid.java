package dev.heddle.kernels;

/** How kernels that go element by element are cut into groups. */
final class Grid {
  /** Work-items of a group on a GPU, and elements that a CPU's group takes. */
  private static final int GROUP = 256;

  /** Groups for each multiprocessor: enough to hide latency; each item takes several elements. */
  private static final int GROUPS_PER_UNIT = 32;

  private static final Extent SIZE = Extent.of(GROUP);

  private Grid() {}

  /** Launches a kernel whose items step by the number of all items until {@code count}. */
  static void elements(LaunchSite site, DeviceKernel kernel, long count) {
    long most = (long) GROUPS_PER_UNIT * site.limits().computeUnits();
    long groups = Math.min(Math.ceilDiv(count, GROUP), most);
    site.launch(kernel, Extent.of(groups), SIZE);
  }
}
