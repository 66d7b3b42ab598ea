package dev.heddle.cuda;

import dev.heddle.kernels.Handle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a queue's commands use, lent from the first command that names it until the device has done
 * them all: so memory may be closed while commands that use it wait. Each is entered once: it bears
 * the mark of the queue that holds it. A mark of another queue's in between makes it be entered
 * again, which is as good.
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

  /** Lends memory, if it is not lent already. */
  void add(CudaMemory memory) {
    if (memory.holder != mark) {
      enter(memory.handle());
      memory.holder = mark;
    }
  }

  /** Lends a kernel, if it is not lent already. */
  void add(CudaKernel kernel) {
    if (kernel.holder != mark) {
      enter(kernel.handle());
      kernel.holder = mark;
    }
  }

  private void enter(Handle<?> handle) {
    if (count == held.length) {
      held = Arrays.copyOf(held, 2 * count);
    }
    handle.enter();
    held[count++] = handle;
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
