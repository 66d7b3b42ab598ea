package dev.heddle.kernels;

import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * How {@code rows.h} has rows combined: on a GPU many work-items share a row, on a CPU one has it
 * and its lanes are vectors. The order in which a row's elements are combined is the same for all
 * rows on a device.
 *
 * @param lanes running values of a row
 * @param items work-items that share a row
 * @param rows rows of a group
 * @param columns neighbouring columns that one work-item has, where columns are combined
 * @param mostGroups groups of a launch, each taking several rows where there are more
 */
record Rows(int lanes, int items, int rows, int columns, long mostGroups) {
  /** Work-items of a GPU's group. */
  private static final int GROUP = 256;

  /** Work-items that a row of few elements takes, so that most of them have something to do. */
  private static final int FEW = 32;

  /** Elements of a row that are few. */
  private static final int SHORT = 1024;

  /** Neighbouring columns that a CPU's work-item has, and the lanes of its rows. */
  private static final int CPU_COLUMNS = 16;

  private static final int CPU_LANES = 32;

  private static final int GROUPS_PER_UNIT = 64;

  /** For rows of {@code length} elements, on this device. */
  static Rows of(DeviceLimits limits, Dim length) {
    long most = (long) GROUPS_PER_UNIT * limits.computeUnits();
    if (limits.cpu()) {
      return new Rows(CPU_LANES, 1, 1, CPU_COLUMNS, most);
    }
    int group = (int) Math.min(GROUP, Long.highestOneBit(limits.maxGroupSize()));
    int items = Math.min(group, length.isFixed() && length.fixed() <= SHORT ? FEW : GROUP);
    return new Rows(GROUP, items, group / items, 1, most);
  }

  /** What {@code rows.h} wants defined, and the columns that an item has. */
  List<String> defines() {
    return List.of(
        "ROW_LANES " + lanes, "ROW_ITEMS " + items, "ROWS " + rows, "COLUMNS " + columns);
  }

  /** The same, for columns that have no neighbours. */
  Rows apart() {
    return new Rows(lanes, items, rows, 1, mostGroups);
  }

  /** Launches a kernel that goes through {@code count} rows. */
  void launch(LaunchSite site, DeviceKernel kernel, long count) {
    long groups = Math.min(Math.ceilDiv(count, rows), mostGroups);
    site.launch(kernel, Extent.of(groups), Extent.of(items, rows));
  }

  /** Launches a kernel whose items go through columns, {@code inner} side by side. */
  void launchColumns(LaunchSite site, DeviceKernel kernel, long outer, long inner) {
    launchItems(site, kernel, outer * Math.ceilDiv(inner, columns));
  }

  /** Launches a kernel whose items, each with much to do, step by the number of all of them. */
  static void launchItems(LaunchSite site, DeviceKernel kernel, long count) {
    if (site.limits().cpu()) {
      long most = (long) GROUPS_PER_UNIT * site.limits().computeUnits();
      site.launch(kernel, Extent.of(Math.min(count, most)), Extent.of(1));
    } else {
      Grid.elements(site, kernel, count);
    }
  }
}
