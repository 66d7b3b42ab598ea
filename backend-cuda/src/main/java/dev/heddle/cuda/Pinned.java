package dev.heddle.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.JCudaDriver;

/**
 * Memory of the host that the device copies to and from by itself. Blocks are lent, and a few are
 * kept for the next who asks, since making one takes longer than filling it.
 */
final class Pinned {
  /** For inputs, outputs and status of a step. */
  static final long SMALL = 256 << 10;

  /** For weights: long enough that the way to the device is the whole cost. */
  static final long LARGE = 4 << 20;

  /** Blocks of each kind that are kept. */
  private static final int KEPT = 8;

  /** A block. */
  record Block(Addresses.Host host, MemorySegment memory) {
    long address() {
      return memory.address();
    }

    long bytes() {
      return memory.byteSize();
    }
  }

  private final CudaDevice device;
  private final Deque<Block> small = new ArrayDeque<>();
  private final Deque<Block> large = new ArrayDeque<>();
  private final Set<Block> live = new HashSet<>();

  Pinned(CudaDevice device) {
    this.device = device;
  }

  /** A block of {@link #SMALL} or {@link #LARGE} bytes, to be given back. */
  Block take(long bytes) {
    synchronized (live) {
      Block kept = kept(bytes).pollFirst();
      if (kept != null) {
        return kept;
      }
    }
    Block made = make(bytes);
    synchronized (live) {
      live.add(made);
    }
    return made;
  }

  private Deque<Block> kept(long bytes) {
    return bytes == SMALL ? small : large;
  }

  @SuppressWarnings("restricted") // CUDA gave so many bytes there.
  private Block make(long bytes) {
    Addresses.Host host = new Addresses.Host();
    try {
      device.onThread(() -> Status.check(JCudaDriver.cuMemHostAlloc(host, bytes, 0)));
    } catch (CudaException e) {
      throw device.failed("an allocation of pinned memory", e);
    }
    return new Block(host, MemorySegment.ofAddress(host.address()).reinterpret(bytes));
  }

  /** Takes a block back; no command uses it any more. */
  void giveBack(Block block) {
    synchronized (live) {
      Deque<Block> kept = kept(block.bytes());
      if (kept.size() < KEPT && live.contains(block)) {
        kept.addFirst(block);
        return;
      }
      if (!live.remove(block)) {
        return;
      }
    }
    free(block);
  }

  private void free(Block block) {
    device.release(() -> JCudaDriver.cuMemFreeHost(block.host));
  }

  /** Frees all; queues have ended. */
  void close() {
    Set<Block> all;
    synchronized (live) {
      all = new HashSet<>(live);
      live.clear();
      small.clear();
      large.clear();
    }
    all.forEach(this::free);
  }
}
