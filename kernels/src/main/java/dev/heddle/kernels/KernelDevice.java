package dev.heddle.kernels;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.tensor.DType;

/**
 * One device that runs kernels: what OpenCL and CUDA have in common. Safe for many threads.
 *
 * <p>Whoever makes something closes it, once all work that uses it has ended; closing twice is
 * harmless. Closing the device frees what is left of it.
 */
public interface KernelDevice extends AutoCloseable {
  /** The device, as people see it. */
  DeviceInfo info();

  /** What kernels may ask of it. */
  DeviceLimits limits();

  /**
   * Compiles a kernel, or loads what an earlier process compiled.
   *
   * @throws KernelBuildException with the compiler's log
   */
  DeviceKernel compile(KernelSource source);

  /**
   * Memory of {@code bytes} bytes, its content undefined, beginning at a multiple of {@link
   * DeviceLimits#alignment()}.
   *
   * @param what what it is for, for the error
   * @throws dev.heddle.backend.OutOfDeviceMemoryException if it does not fit
   */
  DeviceMemory allocate(long bytes, String what);

  /**
   * Host memory of {@code bytes} bytes that the device copies from and to by itself.
   *
   * @param what what it is for, for the error
   * @throws dev.heddle.backend.OutOfDeviceMemoryException if it does not fit
   */
  default HostMemory allocateHost(long bytes, String what) {
    return HostMemory.plain(bytes);
  }

  /** A queue of its own, whose commands run one after another. */
  default KernelQueue openQueue() {
    return openQueue(null);
  }

  /**
   * A queue that measures its launches.
   *
   * @param times told of them, in their order, before {@link KernelQueue#finish()} and {@link
   *     KernelQueue#read} return; null for none
   */
  KernelQueue openQueue(LaunchTimes times);

  /** What multiplies matrices where numerics are to be fastest; null for our own kernels. */
  default ProductLibrary products() {
    return null;
  }

  /** Whether its queues {@link KernelQueue#record record}. */
  default boolean records() {
    return false;
  }

  /** What models compute in where nobody says otherwise. */
  default DType autoType() {
    return DType.F32;
  }

  /** What has been made and is not closed, and what was compiled so far. */
  DeviceCounts counts();

  @Override
  void close();
}
