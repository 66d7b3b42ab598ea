package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/** A tensor in a device's memory, which is freed at {@link #close} or after the last run's use. */
final class DeviceTensor implements Tensor {
  private static final int CLOSED = 1;
  private static final int LEASE = 2;

  private final KernelMemory backend;
  private final DType dtype;
  private final Shape shape;
  private final long bytes;
  private final Block block;
  private final long offset;

  /** Twice the number of leases, plus 1 once closed. */
  private final AtomicInteger state = new AtomicInteger();

  /**
   * A tensor that lies {@code offset} bytes behind the begin of {@code block}, which it holds from
   * now on in the caller's stead.
   */
  DeviceTensor(KernelMemory backend, DType dtype, Shape shape, Block block, long offset) {
    this.backend = backend;
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = dtype.bytes(shape.elements());
    this.block = block;
    this.offset = offset;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  KernelMemory backend() {
    return backend;
  }

  Block block() {
    return block;
  }

  long offset() {
    return offset;
  }

  @Override
  public HostTensor toHost() {
    HostTensor host = HostTensor.allocate(dtype, shape);
    try {
      copyTo(host.memory());
      return host;
    } catch (RuntimeException | Error e) {
      host.close();
      throw e;
    }
  }

  @Override
  public void copyTo(MemorySegment target) {
    Tensor.checkRoom(this, target);
    retain();
    try {
      if (offset + bytes <= block.mirrored()) {
        MemorySegment.copy(block.mirror().bytes(), offset, target, 0, bytes);
      } else {
        backend.read(block.memory(), offset, target, bytes);
      }
    } finally {
      release();
    }
  }

  /**
   * Keeps the memory until {@link #release}.
   *
   * @throws IllegalStateException after {@link #close}
   */
  void retain() {
    int seen;
    do {
      seen = state.get();
      checkOpen(seen);
    } while (!state.compareAndSet(seen, seen + LEASE));
  }

  /**
   * The same where nobody else keeps it.
   *
   * @return whether that was so
   * @throws IllegalStateException after {@link #close}
   */
  boolean retainAlone() {
    checkOpen(state.get());
    return state.compareAndSet(0, LEASE);
  }

  private void checkOpen(int seen) {
    if ((seen & CLOSED) != 0) {
      throw new IllegalStateException("this tensor, " + this + ", was closed");
    }
  }

  void release() {
    if (state.addAndGet(-LEASE) == CLOSED) {
      block.release();
    }
  }

  @Override
  public void close() {
    if (state.getAndUpdate(seen -> seen | CLOSED) == 0) {
      block.release();
    }
  }

  /** {@code f32 [2, 3]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
