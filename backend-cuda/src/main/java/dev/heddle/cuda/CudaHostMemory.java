package dev.heddle.cuda;

import dev.heddle.kernels.Handle;
import dev.heddle.kernels.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.JCudaDriver;

/**
 * Pinned memory of the host: the device copies from and to it by itself, also when it launches what
 * was recorded.
 */
final class CudaHostMemory implements HostMemory {
  private final CudaDevice device;
  private final MemorySegment bytes;
  private final Lease lease;

  private CudaHostMemory(CudaDevice device, MemorySegment bytes, Lease lease) {
    this.device = device;
    this.bytes = bytes;
    this.lease = lease;
  }

  /**
   * Zeros.
   *
   * @param live where it stands until it is closed
   */
  @SuppressWarnings("restricted") // CUDA gave so many bytes there.
  static CudaHostMemory of(CudaDevice device, long bytes, String what, Set<Handle<?>> live) {
    Addresses.Host host = new Addresses.Host();
    try {
      device.onThread(() -> Status.check(JCudaDriver.cuMemHostAlloc(host, Math.max(1, bytes), 0)));
    } catch (CudaException e) {
      throw device.failed("pinned memory for " + what, e);
    }
    // An access after the end is refused, as the arena is closed first.
    Arena arena = Arena.ofShared();
    MemorySegment memory =
        MemorySegment.ofAddress(host.address()).reinterpret(bytes, arena, null).fill((byte) 0);
    Handle<Addresses.Host> handle =
        Handle.own(
            host,
            "this host memory of " + device.info(),
            live,
            each -> {
              arena.close();
              device.release(() -> JCudaDriver.cuMemFreeHost(each));
            });
    return new CudaHostMemory(device, memory, new Lease(handle));
  }

  CudaDevice device() {
    return device;
  }

  @Override
  public MemorySegment bytes() {
    return bytes;
  }

  Lease lease() {
    return lease;
  }

  /** Refuses more bytes than it has. */
  void check(long length) {
    if (length < 0 || length > bytes.byteSize()) {
      throw new IndexOutOfBoundsException(
          "%,d bytes of host memory of %,d".formatted(length, bytes.byteSize()));
    }
  }

  /** Where it begins, for the device too. */
  long address() {
    return bytes.address();
  }

  @Override
  public void close() {
    device.close(lease);
  }
}
