package dev.heddle.cuda;

import dev.heddle.kernels.Handle;

/**
 * A handle as {@link Holds} lends it: with the mark of those whose commands hold it already. A mark
 * that another queue writes meanwhile makes the first one lend it again, which is as good.
 */
final class Lease {
  private final Handle<?> handle;
  private long holder;

  /** Of {@code handle}, held by nobody. */
  Lease(Handle<?> handle) {
    this.handle = handle;
  }

  Handle<?> handle() {
    return handle;
  }

  boolean isHeldBy(long mark) {
    return holder == mark;
  }

  void holdBy(long mark) {
    holder = mark;
  }
}
