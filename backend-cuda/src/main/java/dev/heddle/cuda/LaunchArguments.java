package dev.heddle.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where a launch finds its arguments: a table of addresses, each of a place of 8 bytes, which the
 * driver copies from before the launch returns. One table serves all launches, since one thread
 * makes them.
 */
final class LaunchArguments {
  /** More than any kernel has; CUDA takes 4 KiB of them. */
  private static final int MOST = 512;

  private final MemorySegment values;
  private final MemorySegment addresses;

  /** Its memory is {@code arena}'s. */
  LaunchArguments(Arena arena) {
    this.values = arena.allocate(ValueLayout.JAVA_LONG, MOST);
    this.addresses = arena.allocate(ValueLayout.JAVA_LONG, MOST);
    for (int i = 0; i < MOST; i++) {
      addresses.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + (long) i * Long.BYTES);
    }
  }

  /** Sets {@code count} arguments from {@code words}, each in the lower bits of its word. */
  void set(long[] words, int at, int count) {
    MemorySegment.copy(words, at, values, ValueLayout.JAVA_LONG, 0, count);
  }

  /** The table's address. */
  long address() {
    return addresses.address();
  }
}
