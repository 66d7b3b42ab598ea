package dev.heddle.kernels;

import dev.heddle.plan.Operand;

/**
 * One launch of {@code copy.cl}: elements of one size from one arrangement to another. Where rows
 * become columns it goes square by square, by a kernel of its own.
 */
final class StridedCopy {
  /** The walk's operands. */
  private static final int TO = 0;

  private static final int FROM = 1;

  /** Elements along a square's sides, as in the kernel, and work-items along them. */
  private static final long SIDE = 32;

  private static final Extent SQUARE = Extent.of(SIDE, 8);

  private final LaunchSite site;
  private final DeviceKernel copy;
  private final DeviceKernel turn;
  private final Walk walk = new Walk(2);
  private long from;
  private long to;

  StridedCopy(LaunchSite site, DeviceKernel copy) {
    this(site, copy, null);
  }

  /** {@code turn} is for squares; null where rows stay rows. */
  StridedCopy(LaunchSite site, DeviceKernel copy, DeviceKernel turn) {
    this.site = site;
    this.copy = copy;
    this.turn = turn;
  }

  static KernelSource copy(DeviceLimits limits, int bytes) {
    return Packs.in(KernelSource.of("copy.cl", "copy", "BYTES " + bytes), Packs.of(limits, bytes));
  }

  static KernelSource turn(int bytes) {
    return KernelSource.of("copy.cl", "turn", "BYTES " + bytes);
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
    if (turns()) {
      long across = Math.ceilDiv(walk.extent(0), SIDE);
      long down = Math.ceilDiv(walk.extent(1), SIDE);
      long squares = walk.rows() / walk.extent(1) * down * across;
      Grid.squares(site, turn, squares, SQUARE);
    } else {
      boolean inRows = walk.stride(TO, 0) == 1 && walk.stride(FROM, 0) == 1;
      int pack = inRows ? Packs.of(site.limits(), y.dtype().bytes()) : 1;
      Grid.rows(site, copy, walk.rows(), Math.ceilDiv(walk.innermost(), pack));
    }
  }

  private boolean turns() {
    return turn != null
        && walk.elements() > 0
        && walk.stride(TO, 0) == 1
        && walk.stride(FROM, 0) != 1
        && walk.stride(FROM, 1) == 1
        && Math.min(walk.extent(0), walk.extent(1)) >= SIDE / 2
        && site.limits().maxGroupSize() >= SQUARE.count();
  }
}
