package dev.heddle.kernels;

import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;

/** A backend's memory on its device: counted, limited, and read back through one queue. */
final class KernelMemory implements AutoCloseable {
  private final KernelDevice device;
  private final KernelQueue transfers;
  private boolean closed;

  KernelMemory(KernelDevice device) {
    this.device = device;
    this.transfers = device.openQueue();
  }

  KernelDevice device() {
    return device;
  }

  /**
   * Memory that the caller closes.
   *
   * @throws OutOfDeviceMemoryException if it does not fit
   */
  DeviceMemory allocate(long bytes, String what) {
    return device.allocate(bytes, what);
  }

  /** A tensor that owns {@code memory}. */
  DeviceTensor tensor(DType dtype, Shape shape, DeviceMemory memory) {
    return new DeviceTensor(this, dtype, shape, memory);
  }

  boolean owns(DeviceTensor tensor) {
    return tensor.memory() == this;
  }

  synchronized void write(HostTensor from, DeviceMemory to) {
    checkOpen();
    if (from.bytes() > 0) {
      transfers.write(from.memory(), to, 0);
      transfers.finish();
    }
  }

  synchronized void read(DeviceMemory from, HostTensor to) {
    checkOpen();
    if (to.bytes() > 0) {
      transfers.read(from, 0, to.memory());
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend, " + device.info() + ", was closed");
    }
  }

  long liveBytes() {
    return device.counts().liveBytes();
  }

  @Override
  public synchronized void close() {
    closed = true;
    transfers.close();
  }
}
