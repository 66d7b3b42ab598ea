package dev.heddle.opencl;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;

/** A device that says it is a GPU, so that a processor runs what GPUs are given. */
record GroupDevice(KernelDevice device, DeviceLimits limits) implements KernelDevice {
  /** The local memory that every GPU of OpenCL 1.2 has. */
  private static final long LOCAL_BYTES = 32 << 10;

  /** {@code localBytes} of local memory, whatever the device has. */
  static GroupDevice of(KernelDevice device, long localBytes) {
    DeviceLimits own = device.limits();
    return new GroupDevice(
        device,
        new DeviceLimits(
            false,
            own.computeUnits(),
            Math.min(256, own.maxGroupSize()),
            localBytes,
            own.maxAllocation(),
            own.alignment(),
            own.float64(),
            1));
  }

  static GroupDevice of(KernelDevice device) {
    return of(device, LOCAL_BYTES);
  }

  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public DeviceKernel compile(KernelSource source) {
    return device.compile(source);
  }

  @Override
  public DeviceMemory allocate(long bytes, String what) {
    return device.allocate(bytes, what);
  }

  @Override
  public HostMemory allocateHost(long bytes, String what) {
    return device.allocateHost(bytes, what);
  }

  @Override
  public KernelQueue openQueue(LaunchTimes times) {
    return device.openQueue(times);
  }

  @Override
  public DeviceCounts counts() {
    return device.counts();
  }

  @Override
  public void close() {
    device.close();
  }
}
