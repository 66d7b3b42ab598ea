package dev.heddle.cpu;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A backend's native memory: blocks for its own use, and tensors over blocks for its callers. */
final class CpuMemory implements AutoCloseable {
  private final NativePool pool;

  /** Ends with the backend, and with it every access to tensors that were not closed. */
  private final Arena life = Arena.ofShared();

  /**
   * No memory yet.
   *
   * @param limit bytes that may be held; 0 for no limit of its own
   */
  CpuMemory(long limit) {
    this.pool = new NativePool(limit);
  }

  NativePool pool() {
    return pool;
  }

  NativePool.Block acquire(long bytes, String what) {
    return pool.acquire(bytes, what);
  }

  void release(NativePool.Block block) {
    pool.release(block);
  }

  /** A tensor over the begin of {@code block}, which goes back to the pool when it is closed. */
  @SuppressWarnings("restricted")
  HostTensor tensor(DType dtype, Shape shape, NativePool.Block block) {
    long bytes = dtype.bytes(shape.elements());
    MemorySegment memory = Memory.segment(block.address(), bytes).reinterpret(bytes, life, null);
    return HostTensor.wrap(dtype, shape, memory, () -> pool.release(block));
  }

  /** The life of all tensors of {@link #tensor}. */
  MemorySegment.Scope scope() {
    return life.scope();
  }

  long liveBytes() {
    return pool.liveBytes();
  }

  @Override
  public void close() {
    life.close();
    pool.close();
  }
}
