package dev.heddle.kernels;

import dev.heddle.backend.DeviceInfo;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * A device that computes nothing and remembers which kernels it was asked to compile: by it a build
 * knows what to compile ahead of time. For one thread.
 */
public final class RecordingDevice implements KernelDevice {
  private final DeviceLimits limits;
  private final Set<KernelSource> sources = new LinkedHashSet<>();

  /** A device of these limits, which decide on a kernel's variant. */
  public RecordingDevice(DeviceLimits limits) {
    this.limits = limits;
  }

  /** What was asked for so far, in this order. */
  public Set<KernelSource> sources() {
    return Collections.unmodifiableSet(sources);
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
      public void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {}

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
