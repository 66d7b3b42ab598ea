package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
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
 * @param pack neighbours of a row that a work-item moves at a time; see {@link Packs}
 * @param kept elements of a row that a work-item holds from reading to writing; 0 where they are
 *     read again
 * @param mostGroups groups of a launch, each taking several rows where there are more
 */
record Rows(int lanes, int items, int rows, int columns, int pack, int kept, long mostGroups) {
  /** Work-items of a GPU's group. */
  private static final int GROUP = 256;

  /** Work-items that a row of few elements takes, so that most of them have something to do. */
  private static final int FEW = 32;

  /** Elements of a row that are few. */
  static final int SHORT = 1024;

  /** Elements that a work-item holds, so that 64 registers suffice. */
  private static final int KEPT = 16;

  /** Work-items that hold the longest row that is held, and its elements. */
  private static final int MOST_KEEPING = 512;

  static final int LONGEST_KEPT = KEPT * MOST_KEEPING;

  /** Neighbouring columns that a CPU's work-item has, and the lanes of its rows. */
  private static final int CPU_COLUMNS = 16;

  private static final int CPU_LANES = 32;

  private static final int GROUPS_PER_UNIT = 64;

  /** For rows of {@code length} elements, on this device. */
  static Rows of(DeviceLimits limits, Dim length) {
    long most = (long) GROUPS_PER_UNIT * limits.computeUnits();
    if (limits.cpu()) {
      return new Rows(CPU_LANES, 1, 1, CPU_COLUMNS, 1, 0, most);
    }
    int group = (int) Math.min(GROUP, Long.highestOneBit(limits.maxGroupSize()));
    int items = Math.min(group, length.isFixed() && length.fixed() <= SHORT ? FEW : GROUP);
    return new Rows(GROUP, items, group / items, 1, 1, 0, most);
  }

  /**
   * For rows of {@code longest} elements at most, which are read once where a GPU's group can hold
   * them: elements of these types side by side. What has such a row does not change its bits.
   */
  static Rows kept(DeviceLimits limits, Dim longest, DType... types) {
    int pack = Packs.of(limits, types);
    if (pack == 1 || !longest.isFixed() || longest.fixed() > LONGEST_KEPT) {
      return of(limits, longest);
    }
    int items = FEW;
    while (items * KEPT < longest.fixed()) {
      items *= 2;
    }
    int group = Math.max(items, GROUP);
    if (group > limits.maxGroupSize()) {
      return of(limits, longest);
    }
    long most = (long) GROUPS_PER_UNIT * limits.computeUnits();
    return new Rows(MOST_KEEPING * pack, items, group / items, 1, pack, KEPT, most);
  }

  /** What {@code rows.h} wants defined, and the columns that an item has. */
  List<String> defines() {
    List<String> defines =
        new ArrayList<>(
            List.of(
                "ROW_LANES " + lanes, "ROW_ITEMS " + items, "ROWS " + rows, "COLUMNS " + columns));
    if (kept > 0) {
      defines.addAll(List.of("PACK " + pack, "KEPT " + kept));
    }
    return defines;
  }

  /** The same, for columns that have no neighbours. */
  Rows apart() {
    return new Rows(lanes, items, rows, 1, pack, kept, mostGroups);
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
