package dev.heddle.kernels;

import dev.heddle.plan.Operand;

/** One launch of {@code copy.cl}: elements of one size from one arrangement to another. */
final class StridedCopy {
  /** The walk's operands. */
  private static final int TO = 0;

  private static final int FROM = 1;

  private final LaunchSite site;
  private final DeviceKernel kernel;
  private final Walk walk = new Walk(2);
  private long from;
  private long to;

  StridedCopy(LaunchSite site, DeviceKernel kernel) {
    this.site = site;
    this.kernel = kernel;
  }

  static KernelSource source(int bytes) {
    return KernelSource.of("copy.cl", "copy", "BYTES " + bytes);
  }

  /** Begins the binding: the first element's offsets in bytes. */
  void begin(long from, long to) {
    this.from = from;
    this.to = to;
    walk.begin();
  }

  /** Adds an axis inside the others, with its strides in elements. */
  void axis(long extent, long fromStride, long toStride) {
    walk.axis(site, extent, toStride, fromStride);
  }

  /** Copies {@code x} to all of {@code y}, repeating what has extent 1. */
  void broadcast(Operand x, Operand y) {
    begin(0, 0);
    walk.broadcast(site, y, x);
  }

  void run(Operand x, Operand y) {
    site.at(y.address() + to).at(x.address() + from);
    walk.putExtents(site);
    walk.putStrides(site, TO);
    walk.putStrides(site, FROM);
    Grid.rows(site, kernel, walk.rows(), walk.innermost());
  }
}
