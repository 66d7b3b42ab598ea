package dev.heddle.cpu;

import dev.heddle.backend.OutOfDeviceMemoryException;
import java.util.ArrayList;
import java.util.List;

/**
 * Native memory in recycled blocks. Safe for many threads.
 *
 * <p>A block's size is rounded up to one of eight steps a doubling. A released block waits for the
 * next request of its size, or of down to a quarter of it, so that runs of varying sizes do not
 * leave one idle block of every size behind. Idle blocks go back to the system when a request would
 * pass the limit, at {@link #trim()} and at {@link #close()}.
 *
 * <p>Small blocks are cut from slabs of {@value #SLAB} bytes, which stay until the pool closes;
 * each other one is taken from the system by itself. Contents of a block are undefined.
 */
final class NativePool implements AutoCloseable {
  /** Blocks begin at a multiple of this: a cache line, and the widest vector. */
  static final int ALIGNMENT = 64;

  /** The next multiple of {@value #ALIGNMENT}. */
  static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Size of the blocks that small ones are cut from. */
  static final int SLAB = 1 << 18;

  private static final int LARGEST_SMALL = SLAB / 4;
  private static final int STEPS = 8;
  private static final int SIZES = 62 * STEPS;

  /** A request takes an idle block of up to this many steps more: four times its size. */
  private static final int REACH = 2 * STEPS;

  private final long limit;
  private final Block[] idle = new Block[SIZES];
  private final List<Block> all = new ArrayList<>();
  private long held;
  private long live;
  private boolean closed;

  /**
   * An empty pool.
   *
   * @param limit bytes that it may hold, idle blocks included; 0 for no limit of its own
   */
  NativePool(long limit) {
    this.limit = limit == 0 ? Long.MAX_VALUE : limit;
  }

  /** A piece of native memory, handed out or idle. */
  static final class Block {
    private final long address;
    private final long size;
    private final Runnable free;
    private Block next;
    private boolean out;

    private Block(long address, long size, Runnable free) {
      this.address = address;
      this.size = size;
      this.free = free;
    }

    /** Where it begins; a multiple of {@value #ALIGNMENT}. */
    long address() {
      return address;
    }

    /** Bytes that may be used, at least as many as asked for. */
    long size() {
      return size;
    }
  }

  /**
   * A block of at least {@code bytes} bytes, to be released by the caller.
   *
   * @param what what it is for, as the error names it
   * @throws OutOfDeviceMemoryException if it would pass the limit or the system has no more
   * @throws IllegalStateException if the pool is closed
   */
  Block acquire(long bytes, String what) {
    if (bytes < 0) {
      throw new IllegalArgumentException(what + ": " + bytes + " bytes; expected 0 or more");
    }
    int step = bytes > Long.MAX_VALUE / 4 ? SIZES : step(bytes);
    long size = step == SIZES ? bytes : size(step);
    List<Block> surplus;
    synchronized (this) {
      checkOpen();
      Block block = takeIdle(step);
      if (block != null) {
        return block;
      }
      if (size <= LARGEST_SMALL) {
        return cut(step, what);
      }
      surplus = reserve(size, what);
    }
    surplus.forEach(block -> block.free.run());
    return allocateReserved(size, what);
  }

  /**
   * Takes a block back. After {@link #close()} its memory is gone already, and nothing happens.
   *
   * @throws IllegalStateException if it is not out
   */
  synchronized void release(Block block) {
    if (closed) {
      return;
    }
    if (!block.out) {
      throw new IllegalStateException(
          "a block of %,d bytes was released twice".formatted(block.size));
    }
    live -= block.size;
    putIdle(block);
  }

  /**
   * Counts memory that is not the pool's as if it were handed out.
   *
   * @throws OutOfDeviceMemoryException if it would pass the limit
   */
  void count(long size, String what) {
    List<Block> surplus;
    synchronized (this) {
      checkOpen();
      surplus = reserve(size, what);
      live += size;
    }
    surplus.forEach(block -> block.free.run());
  }

  /** Ends what {@link #count} began. */
  synchronized void uncount(long size) {
    if (!closed) {
      held -= size;
      live -= size;
    }
  }

  /** Gives idle blocks back to the system. */
  void trim() {
    List<Block> surplus;
    synchronized (this) {
      surplus = unlink(Long.MAX_VALUE);
    }
    surplus.forEach(block -> block.free.run());
  }

  /** Bytes handed out and not released. */
  synchronized long liveBytes() {
    return live;
  }

  /** Bytes taken from the system: live and idle. */
  synchronized long heldBytes() {
    return held;
  }

  /** Bytes that the pool may hold; {@link Long#MAX_VALUE} for no limit. */
  long limit() {
    return limit;
  }

  /** Frees all memory, blocks still out included: whoever uses those has ended before. */
  @Override
  public void close() {
    List<Block> blocks;
    synchronized (this) {
      closed = true;
      blocks = new ArrayList<>(all);
      all.clear();
      held = 0;
      live = 0;
    }
    blocks.forEach(block -> block.free.run());
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the backend's memory is closed");
    }
  }

  private Block takeIdle(int step) {
    for (int s = step; s < Math.min(SIZES, step + REACH); s++) {
      Block block = idle[s];
      if (block != null) {
        idle[s] = block.next;
        block.next = null;
        return handOut(block);
      }
    }
    return null;
  }

  private Block handOut(Block block) {
    block.out = true;
    live += block.size;
    return block;
  }

  private void putIdle(Block block) {
    int step = step(block.size);
    block.out = false;
    block.next = idle[step];
    idle[step] = block;
  }

  /** Cuts a new slab into blocks of one small size and hands out the first. */
  private Block cut(int step, String what) {
    for (Block block : reserve(SLAB, what)) {
      block.free.run();
    }
    Block slab;
    try {
      slab = allocate(SLAB, what);
    } catch (OutOfDeviceMemoryException e) {
      held -= SLAB;
      throw e;
    }
    all.add(slab);
    long size = size(step);
    for (long offset = SLAB / size * size - size; offset >= 0; offset -= size) {
      putIdle(new Block(slab.address + offset, size, null));
    }
    return takeIdle(step);
  }

  /** Counts {@code size} bytes as held; returns idle blocks to be freed for it. */
  private List<Block> reserve(long size, String what) {
    List<Block> surplus = size > limit - held ? unlink(size - (limit - held)) : List.of();
    if (size > limit - held) {
      surplus.forEach(block -> block.free.run());
      throw outOfMemory(size, what, limit - held, limit);
    }
    held += size;
    return surplus;
  }

  /** Takes idle blocks of {@code bytes} bytes in all, or all there are, largest first. */
  private List<Block> unlink(long bytes) {
    List<Block> surplus = new ArrayList<>();
    long freed = 0;
    for (int step = SIZES - 1; step >= 0 && freed < bytes; step--) {
      while (idle[step] != null && idle[step].free != null && freed < bytes) {
        Block block = idle[step];
        idle[step] = block.next;
        freed += block.size;
        surplus.add(block);
      }
    }
    all.removeAll(surplus);
    held -= freed;
    return surplus;
  }

  /** Outside the lock, for the system may take a while over a large block. */
  private Block allocateReserved(long size, String what) {
    Block block = null;
    try {
      block = allocate(size, what);
      synchronized (this) {
        checkOpen();
        all.add(block);
        return handOut(block);
      }
    } catch (RuntimeException e) {
      if (block != null) {
        block.free.run();
      }
      synchronized (this) {
        held -= closed ? 0 : size;
      }
      throw e;
    }
  }

  private Block allocate(long size, String what) {
    try {
      SystemMemory.Piece piece = SystemMemory.take(size);
      return new Block(piece.address(), size, piece.free());
    } catch (OutOfMemoryError | ArithmeticException e) {
      throw refused(size, what, e);
    }
  }

  /** What to throw where the system has no more. */
  OutOfDeviceMemoryException refused(long size, String what, Throwable cause) {
    OutOfDeviceMemoryException refused = outOfMemory(size, what, 0, heldBytes());
    refused.initCause(cause);
    return refused;
  }

  private static OutOfDeviceMemoryException outOfMemory(
      long size, String what, long free, long limit) {
    return new OutOfDeviceMemoryException(
        size,
        free,
        limit,
        what,
        "Run fewer tokens or fewer callers at a time, close what is not needed, or raise the memory"
            + " limit.");
  }

  /**
   * Number of the smallest size that holds {@code bytes}: multiples of 64 up to 1024, then steps.
   */
  static int step(long bytes) {
    long most = Math.max(bytes, 1) - 1;
    int shift = Math.max(0, 54 - Long.numberOfLeadingZeros(most));
    return shift * STEPS + (int) (most >>> (shift + 6));
  }

  /** Bytes of size number {@code step}; the inverse of {@link #step}. */
  static long size(int step) {
    int shift = Math.max(0, step / STEPS - 1);
    return (long) (step - shift * STEPS + 1) << (shift + 6);
  }
}
