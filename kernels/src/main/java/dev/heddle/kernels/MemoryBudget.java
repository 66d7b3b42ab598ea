package dev.heddle.kernels;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.OutOfDeviceMemoryException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of a device's memory is taken, and how much may be. Counted before the device's API is
 * asked, so that what the user allows holds whatever the API would give. Safe for many threads.
 */
public final class MemoryBudget {
  private final DeviceInfo info;
  private final long limit;
  private final boolean limitIsOurs;
  private final long most;
  private final AtomicLong live = new AtomicLong();

  /**
   * Nothing is taken yet.
   *
   * @param memory bytes that the device has
   * @param limit bytes that the user allows, 0 for all
   * @param most bytes that the device gives at a time
   */
  public MemoryBudget(DeviceInfo info, long memory, long limit, long most) {
    this.info = info;
    this.limitIsOurs = limit != 0 && limit < memory;
    this.limit = limitIsOurs ? limit : memory;
    this.most = most;
  }

  /**
   * Counts memory that is about to be allocated.
   *
   * @param what what it is for, for the error
   * @throws OutOfDeviceMemoryException if it does not fit
   */
  public void take(long bytes, String what) {
    if (bytes < 0) {
      throw new IllegalArgumentException(what + ": " + bytes + " bytes");
    }
    if (bytes > most) {
      throw outOfMemory(bytes, what, "%s gives at most %,d at a time".formatted(info, most));
    }
    long seen;
    do {
      seen = live.get();
      if (bytes > limit - seen) {
        throw outOfMemory(bytes, what, null);
      }
    } while (!live.compareAndSet(seen, seen + bytes));
  }

  /** Counts memory that was freed, or could not be had. */
  public void giveBack(long bytes) {
    live.addAndGet(-bytes);
  }

  /** Bytes taken. */
  public long live() {
    return live.get();
  }

  /**
   * What to throw where memory ran out.
   *
   * @param why what more is known; null for nothing
   */
  public OutOfDeviceMemoryException outOfMemory(long asked, String what, String why) {
    return new OutOfDeviceMemoryException(
        asked,
        Math.max(0, limit - live.get()),
        limit,
        what,
        (why == null ? "" : "(" + why + ") ")
            + "Run fewer tokens or fewer callers at a time, close what is not needed, "
            + (limitIsOurs ? "raise the memory limit, " : "")
            + "or use --backend cpu.");
  }
}
