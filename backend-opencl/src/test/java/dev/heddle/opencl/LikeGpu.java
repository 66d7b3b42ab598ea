package dev.heddle.opencl;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;

/** A device that says it is a GPU, so that a CPU runs the kernels of one. */
record LikeGpu(KernelDevice device) implements KernelDevice {
  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public DeviceLimits limits() {
    DeviceLimits own = device.limits();
    return new DeviceLimits(
        false,
        own.computeUnits(),
        own.maxGroupSize(),
        own.localBytes(),
        own.maxAllocation(),
        own.alignment(),
        own.float64(),
        1);
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
  public KernelQueue openQueue() {
    return device.openQueue();
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
