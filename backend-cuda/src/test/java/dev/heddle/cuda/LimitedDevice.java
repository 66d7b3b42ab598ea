package dev.heddle.cuda;

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

/** A device that says of itself what decides on kernels. Closing it leaves the device open. */
record LimitedDevice(KernelDevice device, DeviceLimits limits) implements KernelDevice {
  /** As if it had so many multiprocessors. */
  static LimitedDevice ofUnits(KernelDevice device, int units) {
    return with(device, units, device.limits().tileBytes(), device.limits().warpgroups());
  }

  /** As if it had no tensor cores: with portable kernels only. */
  static LimitedDevice portable(KernelDevice device) {
    return with(device, device.limits().computeUnits(), 0, false);
  }

  /** As if each of its warps multiplied by itself. */
  static LimitedDevice ofWarps(KernelDevice device) {
    return with(device, device.limits().computeUnits(), device.limits().tileBytes(), false);
  }

  private static LimitedDevice with(
      KernelDevice device, int units, long tileBytes, boolean warpgroups) {
    DeviceLimits own = device.limits();
    return new LimitedDevice(
        device,
        new DeviceLimits(
            own.cpu(),
            units,
            own.maxGroupSize(),
            own.localBytes(),
            own.maxAllocation(),
            own.alignment(),
            own.float64(),
            own.vectorFloats(),
            tileBytes,
            warpgroups));
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
  public void close() {}
}
