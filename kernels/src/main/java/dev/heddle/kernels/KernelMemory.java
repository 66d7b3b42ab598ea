package dev.heddle.kernels;

import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/** A backend's memory on its device: counted, limited, and read back through one queue. */
final class KernelMemory implements AutoCloseable {
  private final KernelDevice device;
  private final KernelQueue transfers;
  private final AtomicLong recordings = new AtomicLong();
  private final AtomicLong commands = new AtomicLong();
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

  /**
   * The same in place of a smaller one: with a quarter more than that had, if there is room, so
   * that what grows and grows is seldom another.
   *
   * @param before what it had; 0 for none
   */
  DeviceMemory allocate(long bytes, long before, String what) {
    long roomy = before + before / 4;
    if (roomy > bytes) {
      try {
        return device.allocate(roomy, what);
      } catch (OutOfDeviceMemoryException e) {
        // Then without.
      }
    }
    return device.allocate(bytes, what);
  }

  /** The least multiple of the device's alignment that is not below {@code bytes}. */
  long align(long bytes) {
    int alignment = device.limits().alignment();
    return Math.addExact(bytes, alignment - 1) / alignment * alignment;
  }

  synchronized void write(HostTensor from, DeviceMemory to) {
    checkOpen();
    if (from.bytes() > 0) {
      transfers.write(from.memory(), to, 0);
      transfers.finish();
    }
  }

  synchronized void read(DeviceMemory from, long offset, MemorySegment to, long bytes) {
    checkOpen();
    if (bytes > 0) {
      transfers.read(from, offset, to.byteSize() == bytes ? to : to.asSlice(0, bytes));
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this backend, " + device.info() + ", was closed");
    }
  }

  /** Takes note of what a run gave its queue. */
  void count(int moreRecordings, int moreCommands) {
    recordings.addAndGet(moreRecordings);
    commands.addAndGet(moreCommands);
  }

  RunCounts runCounts() {
    return new RunCounts(recordings.get(), commands.get());
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
