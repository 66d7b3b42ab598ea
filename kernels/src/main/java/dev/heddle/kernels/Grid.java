package dev.heddle.kernels;

/** How kernels that go element by element are cut into groups: by {@code SHARE} of the dialect. */
final class Grid {
  /** Work-items of a group on a GPU. */
  private static final int GROUP = 256;

  /** Groups for each multiprocessor: enough to hide latency; each item takes several elements. */
  private static final int GROUPS_PER_UNIT = 32;

  /** Stretches for each core, so that one which is held up does not hold up all. */
  private static final int STRETCHES_PER_CORE = 8;

  /** Elements that are worth a stretch of their own. */
  private static final long STRETCH = 8192;

  private Grid() {}

  /** Launches a kernel that shares {@code count} elements along x. */
  static void elements(LaunchSite site, DeviceKernel kernel, long count) {
    rows(site, kernel, 1, count);
  }

  /** Launches a kernel that shares {@code rows} along y, and the elements of each along x. */
  static void rows(LaunchSite site, DeviceKernel kernel, long rows, long length) {
    DeviceLimits limits = site.limits();
    if (rows == 0 || length == 0) {
      site.launch(kernel, Extent.of(0), Extent.of(1));
    } else if (limits.cpu()) {
      long most = (long) STRETCHES_PER_CORE * limits.computeUnits();
      long stretches = Math.min(Math.ceilDiv(rows * length, STRETCH), most);
      long down = Math.min(rows, stretches);
      long across = Math.min(Math.ceilDiv(stretches, down), Math.ceilDiv(length, STRETCH));
      site.launch(kernel, Extent.of(across, down), Extent.of(1));
    } else {
      long group = Math.min(GROUP, Long.highestOneBit(limits.maxGroupSize()));
      // As wide as a row and no wider: neighbouring items touch neighbouring elements then too.
      long width = Math.min(group, Long.highestOneBit(2 * length - 1));
      // And no higher: a kernel that shares nothing along y would do everything again there, which
      // in place is not the same.
      long height = Math.min(group / width, Long.highestOneBit(2 * rows - 1));
      long most = (long) GROUPS_PER_UNIT * limits.computeUnits();
      long across = Math.min(Math.ceilDiv(length, width), most);
      long down = Math.min(Math.ceilDiv(rows, height), Math.ceilDiv(most, across));
      site.launch(kernel, Extent.of(across, down), Extent.of(width, height));
    }
  }

  /** Launches a kernel that shares squares, each worked on by a group along x and y. */
  static void squares(LaunchSite site, DeviceKernel kernel, long squares, Extent group) {
    DeviceLimits limits = site.limits();
    int each = limits.cpu() ? STRETCHES_PER_CORE : GROUPS_PER_UNIT;
    long groups = Math.min(squares, (long) each * limits.computeUnits());
    site.launch(kernel, Extent.of(groups), limits.cpu() ? Extent.of(1) : group);
  }
}
