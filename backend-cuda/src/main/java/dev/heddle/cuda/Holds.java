package dev.heddle.cuda;

import dev.heddle.kernels.Handle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a queue's commands use, lent from the first command that names it until the device has done
 * them all: so memory may be closed while commands that use it wait. Each is lent once.
 */
final class Holds {
  private final AtomicLong marks;
  private Handle<?>[] held = new Handle<?>[64];
  private int count;
  private long mark;

  /**
   * None yet.
   *
   * @param marks the device's counter of marks
   */
  Holds(AtomicLong marks) {
    this.marks = marks;
    this.mark = marks.incrementAndGet();
  }

  /**
   * Lends something, if it is not lent already.
   *
   * @throws IllegalStateException if it was closed
   */
  void add(Lease lease) {
    if (!lease.isHeldBy(mark)) {
      if (count == held.length) {
        held = Arrays.copyOf(held, 2 * count);
      }
      lease.handle().enter();
      held[count++] = lease.handle();
      lease.holdBy(mark);
    }
  }

  /** Gives all back. */
  void release() {
    mark = marks.incrementAndGet();
    while (count > 0) {
      Handle<?> handle = held[--count];
      held[count] = null;
      handle.exit();
    }
  }
}
