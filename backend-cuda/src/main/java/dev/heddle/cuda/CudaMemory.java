package dev.heddle.cuda;

import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Handle;

/** Memory on a GPU. */
final class CudaMemory implements DeviceMemory {
  private final CudaDevice device;
  private final long bytes;
  private final long address;
  private final Lease lease;

  CudaMemory(CudaDevice device, long bytes, Handle<Addresses.Device> handle, long address) {
    this.device = device;
    this.bytes = bytes;
    this.lease = new Lease(handle);
    this.address = address;
  }

  CudaDevice device() {
    return device;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  /** Where it begins, for the device. */
  long address() {
    return address;
  }

  Lease lease() {
    return lease;
  }

  /** Refuses a range that does not lie within. */
  void check(long offset, long length) {
    if (offset < 0 || length < 0 || offset > bytes - length) {
      throw new IndexOutOfBoundsException(
          "%,d bytes at %,d of memory of %,d".formatted(length, offset, bytes));
    }
  }

  @Override
  public void close() {
    device.close(lease);
  }
}
