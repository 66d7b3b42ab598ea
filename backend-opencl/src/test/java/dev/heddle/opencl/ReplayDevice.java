package dev.heddle.opencl;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.Commands;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;
import dev.heddle.kernels.Recording;
import java.lang.foreign.MemorySegment;

/**
 * A device whose queues make one command of many, as CUDA's do, and count what they are given. For
 * one thread at a time.
 */
final class ReplayDevice implements KernelDevice {
  private final KernelDevice device;
  private int live;
  private int replayed;
  private int single;
  private int allocated;
  private boolean lost;

  ReplayDevice(KernelDevice device) {
    this.device = device;
  }

  /** Recordings not closed. */
  int live() {
    return live;
  }

  /** The next launch of a recording fails. */
  void lose() {
    lost = true;
  }

  /** What came since the last call. */
  String taken() {
    String words =
        "%d recordings, %d commands, %d allocations".formatted(replayed, single, allocated);
    replayed = 0;
    single = 0;
    allocated = 0;
    return words;
  }

  @Override
  public DeviceInfo info() {
    return device.info();
  }

  @Override
  public DeviceLimits limits() {
    return device.limits();
  }

  @Override
  public DeviceKernel compile(KernelSource source) {
    return device.compile(source);
  }

  @Override
  public DeviceMemory allocate(long bytes, String what) {
    allocated++;
    return device.allocate(bytes, what);
  }

  @Override
  public HostMemory allocateHost(long bytes, String what) {
    allocated++;
    return device.allocateHost(bytes, what);
  }

  @Override
  public KernelQueue openQueue(LaunchTimes times) {
    return new Queue(device.openQueue(times));
  }

  @Override
  public DeviceCounts counts() {
    return device.counts();
  }

  @Override
  public void close() {
    device.close();
  }

  private final class Recorded implements Recording {
    private final Commands commands;
    private boolean closed;

    Recorded(Commands commands) {
      this.commands = commands;
      live++;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        live--;
      }
    }
  }

  private final class Queue implements KernelQueue {
    private final KernelQueue queue;

    Queue(KernelQueue queue) {
      this.queue = queue;
    }

    @Override
    public void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
      single++;
      queue.launch(kernel, arguments, groups, size);
    }

    @Override
    public void write(MemorySegment from, DeviceMemory to, long offset) {
      single++;
      queue.write(from, to, offset);
    }

    @Override
    public void read(DeviceMemory from, long offset, MemorySegment to) {
      single++;
      queue.read(from, offset, to);
    }

    @Override
    public void copy(
        DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {
      single++;
      queue.copy(from, fromOffset, to, toOffset, bytes);
    }

    @Override
    public void upload(HostMemory from, DeviceMemory to, long bytes) {
      single++;
      queue.upload(from, to, bytes);
    }

    @Override
    public void download(DeviceMemory from, HostMemory to, long bytes) {
      single++;
      queue.download(from, to, bytes);
    }

    @Override
    public void zero(DeviceMemory to, long offset, long bytes) {
      single++;
      queue.zero(to, offset, bytes);
    }

    @Override
    public Recording record(Commands commands) {
      return new Recorded(commands);
    }

    @Override
    public void launch(Recording recording) {
      Recorded recorded = (Recorded) recording;
      if (recorded.closed) {
        throw new IllegalStateException("this recording was closed");
      }
      replayed++;
      recorded.commands.enqueue(queue);
      if (lost) {
        lost = false;
        throw new KernelLaunchException("the device was lost");
      }
    }

    @Override
    public void finish() {
      queue.finish();
    }

    @Override
    public void close() {
      queue.close();
    }
  }
}
