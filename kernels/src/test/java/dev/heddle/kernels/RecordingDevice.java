package dev.heddle.kernels;

import dev.heddle.backend.DeviceInfo;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** A device that computes nothing and remembers which kernels it was asked to compile. */
final class RecordingDevice implements KernelDevice {
  private final DeviceLimits limits;
  private final Set<KernelSource> sources = new LinkedHashSet<>();

  /** A device of this kind; all else is ample. */
  RecordingDevice(boolean cpu) {
    this.limits = new DeviceLimits(cpu, 2, 1024, 48 << 10, 1L << 30, 256, true, cpu ? 8 : 1);
  }

  Set<KernelSource> sources() {
    return sources;
  }

  @Override
  public DeviceInfo info() {
    return new DeviceInfo("recording", 0, "recording", 0, Map.of());
  }

  @Override
  public DeviceLimits limits() {
    return limits;
  }

  @Override
  public DeviceKernel compile(KernelSource source) {
    sources.add(source);
    return new DeviceKernel() {
      @Override
      public KernelSource source() {
        return source;
      }

      @Override
      public boolean cached() {
        return false;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public DeviceMemory allocate(long bytes, String what) {
    return new DeviceMemory() {
      @Override
      public long bytes() {
        return bytes;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public KernelQueue openQueue(LaunchTimes times) {
    return new KernelQueue() {
      @Override
      public void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
        throw new KernelLaunchException("this device only records");
      }

      @Override
      public void write(MemorySegment from, DeviceMemory to, long offset) {}

      @Override
      public void read(DeviceMemory from, long offset, MemorySegment to) {}

      @Override
      public void copy(
          DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {}

      @Override
      public void zero(DeviceMemory to, long offset, long bytes) {}

      @Override
      public void finish() {}

      @Override
      public void close() {}
    };
  }

  @Override
  public DeviceCounts counts() {
    return new DeviceCounts(0, 0, 0, 0, 0, 0, sources.size(), 0);
  }

  @Override
  public void close() {}
}
