package dev.heddle.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Host memory at a fixed place that a {@link KernelDevice} copies to and from by itself: pinned,
 * where it has such.
 *
 * @see KernelDevice#allocateHost
 */
public interface HostMemory extends AutoCloseable {
  /** The bytes. */
  MemorySegment bytes();

  /** Frees it; commands that use it must have ended. */
  @Override
  void close();

  /** Native memory like any other, zero. */
  static HostMemory plain(long bytes) {
    Arena arena = Arena.ofShared();
    return new Plain(arena, arena.allocate(bytes, Long.BYTES));
  }

  /** What {@link #plain} gives. */
  record Plain(Arena arena, MemorySegment bytes) implements HostMemory {
    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }
}
