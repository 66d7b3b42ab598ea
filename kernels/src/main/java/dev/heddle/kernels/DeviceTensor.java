package dev.heddle.kernels;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.util.concurrent.atomic.AtomicInteger;

/** A tensor in a device's memory, which is freed at {@link #close} or after the last run's use. */
final class DeviceTensor implements Tensor {
  private static final int CLOSED = 1;
  private static final int LEASE = 2;

  private final KernelMemory backend;
  private final DType dtype;
  private final Shape shape;
  private final DeviceMemory memory;

  /** Twice the number of leases, plus 1 once closed. */
  private final AtomicInteger state = new AtomicInteger();

  DeviceTensor(KernelMemory backend, DType dtype, Shape shape, DeviceMemory memory) {
    this.backend = backend;
    this.dtype = dtype;
    this.shape = shape;
    this.memory = memory;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  KernelMemory memory() {
    return backend;
  }

  @Override
  public HostTensor toHost() {
    DeviceMemory from = retain();
    try {
      HostTensor host = HostTensor.allocate(dtype, shape);
      try {
        backend.read(from, host);
        return host;
      } catch (RuntimeException | Error e) {
        host.close();
        throw e;
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
  DeviceMemory retain() {
    int seen;
    do {
      seen = state.get();
      if ((seen & CLOSED) != 0) {
        throw new IllegalStateException("this tensor, " + this + ", was closed");
      }
    } while (!state.compareAndSet(seen, seen + LEASE));
    return memory;
  }

  void release() {
    if (state.addAndGet(-LEASE) == CLOSED) {
      memory.close();
    }
  }

  @Override
  public void close() {
    if (state.getAndUpdate(seen -> seen | CLOSED) == 0) {
      memory.close();
    }
  }

  /** {@code f32 [2, 3]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
