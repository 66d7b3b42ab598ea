package dev.heddle.kernels;

/**
 * A device's ceiling for what memory bounds: copies of its own from one piece of memory to another,
 * as its maker has them.
 */
public final class CopyPeak implements AutoCloseable {
  /** Copies of a run: so many that the wait at its end does not count. */
  private static final int COPIES = 16;

  private static final int RUNS = 8;

  private final KernelQueue queue;
  private final DeviceMemory from;
  private final DeviceMemory to;

  CopyPeak(KernelDevice device, long bytes) {
    from = device.allocate(bytes, "the copy's source");
    to = device.allocate(bytes, "the copy's target");
    queue = device.openQueue();
    queue.zero(from, 0, bytes);
    queue.finish();
  }

  /** Bytes read and written a second, the best of several runs. */
  public double bytesPerSecond() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < RUNS; i++) {
      long begin = System.nanoTime();
      for (int j = 0; j < COPIES; j++) {
        queue.copy(from, 0, to, 0, from.bytes());
      }
      queue.finish();
      least = Math.min(least, System.nanoTime() - begin);
    }
    return 2.0 * COPIES * from.bytes() / (least * 1e-9);
  }

  @Override
  public void close() {
    queue.close();
    from.close();
    to.close();
  }
}
