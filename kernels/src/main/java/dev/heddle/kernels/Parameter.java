package dev.heddle.kernels;

import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;

/**
 * A parameter of the normalised axes, such as a scale: an element for each column, one for all, or
 * something between, which is spread over the columns in the workspace first.
 */
final class Parameter {
  /** Where operands in the workspace begin. */
  private static final long ALIGNMENT = 256;

  private final LaunchSite site;
  private final int axis;
  private final Operand operand;
  private final DeviceKernel copy;
  private final Walk walk = new Walk(2);
  private long columns;
  private long place;
  private boolean spread;

  /**
   * A parameter of the axes from {@code axis} to x's last.
   *
   * @param position the input that it is, absent or not
   * @param copy what {@link #prepare} gave
   */
  Parameter(LaunchSite site, int axis, int position, DeviceKernel copy) {
    this.site = site;
    this.axis = axis;
    this.operand = position < 0 ? null : site.in(position);
    this.copy = copy;
  }

  /** The kernel that spreads; null if there is no such input, or it never needs it. */
  static DeviceKernel prepare(Workshop workshop, int position, Dim columns) {
    if (position < 0 || !workshop.node().has(position)) {
      return null;
    }
    TensorType type = workshop.node().input(position).type();
    return type.elements().equals(columns) || type.elements().is(1)
        ? null
        : workshop.compile(StridedCopy.copy(workshop.limits(), type.dtype().bytes()));
  }

  /** Learns new extents; what it needs of the workspace begins at {@code from}, and ends here. */
  long bind(long from) {
    Operand x = site.in(0);
    columns = x.product(axis, x.rank());
    spread = operand != null && operand.elements() != columns && operand.elements() != 1;
    if (!spread) {
      return from;
    }
    bindWalk(x);
    place = from;
    long bytes = columns * operand.dtype().bytes();
    return from + Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  private void bindWalk(Operand x) {
    walk.begin();
    for (int i = axis; i < x.rank(); i++) {
      int own = i - (x.rank() - operand.rank());
      boolean repeats = own < 0 || operand.dim(own) == 1;
      if (!repeats && operand.dim(own) != x.dim(i)) {
        throw site.wrong("%s does not fit the normalised axes of %s".formatted(operand, x));
      }
      long by = repeats ? 0 : operand.product(own + 1, operand.rank());
      walk.axis(site, x.dim(i), x.product(i + 1, x.rank()), by);
    }
  }

  /** Gives the queue what spreads it. */
  void run() {
    if (spread) {
      site.workspace(place).tensor(operand).put(columns);
      walk.putExtents(site);
      walk.putStrides(site, 0);
      walk.putStrides(site, 1);
      Grid.elements(site, copy, columns);
    }
  }

  /** {@code TENSOR(name)}. */
  void put() {
    if (spread) {
      site.workspace(place);
    } else {
      site.tensor(operand);
    }
  }

  /** Elements from one column's to the next one's: 1 or 0. */
  long step() {
    return operand == null || !spread && operand.elements() != columns ? 0 : 1;
  }
}
