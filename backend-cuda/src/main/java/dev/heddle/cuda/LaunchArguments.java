package dev.heddle.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where a launch finds its arguments: a table of addresses, each of a place of 8 bytes or of a
 * {@linkplain TensorMaps map}, which the driver copies from before the launch returns. One table
 * serves all launches, since one thread makes them.
 */
final class LaunchArguments {
  /** More than any kernel has; CUDA takes 4 KiB of them. */
  private static final int MOST = 512;

  private final MemorySegment values;
  private final MemorySegment addresses;
  private final TensorMaps maps;

  /** So many arguments of the last launch may not have been in the places of their numbers. */
  private int moved = MOST;

  /** Its memory is {@code arena}'s. */
  LaunchArguments(Arena arena) {
    this.values = arena.allocate(ValueLayout.JAVA_LONG, MOST);
    this.addresses = arena.allocate(ValueLayout.JAVA_LONG, MOST);
    this.maps = new TensorMaps(arena);
    point();
  }

  private void point() {
    for (int i = 0; i < moved; i++) {
      addresses.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + (long) i * Long.BYTES);
    }
    moved = 0;
  }

  /**
   * Sets arguments from {@code count} words, each in the lower bits of its word.
   *
   * @param maps which words begin a map, as bits; it has {@link TensorMaps#WORDS}
   * @throws jcuda.CudaException if the driver refuses a map
   */
  void set(long[] words, int at, int count, long maps) {
    MemorySegment.copy(words, at, values, ValueLayout.JAVA_LONG, 0, count);
    point();
    if (maps == 0) {
      return;
    }
    moved = count;
    int argument = 0;
    int map = 0;
    for (int i = 0; i < count; argument++) {
      boolean isMap = (maps >>> i & 1) != 0;
      addresses.setAtIndex(
          ValueLayout.JAVA_LONG,
          argument,
          isMap
              ? this.maps.encode(map++, words, at + i)
              : values.address() + (long) i * Long.BYTES);
      i += isMap ? TensorMaps.WORDS : 1;
    }
  }

  /** The table's address. */
  long address() {
    return addresses.address();
  }
}
