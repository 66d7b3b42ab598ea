package dev.heddle.cuda;

import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The events of a queue that measures its launches: recorded and read on the thread of the context,
 * told of by the queue's caller after it has waited.
 */
final class LaunchEvents {
  /** A launch, and the events before and after it. */
  private record Pending(
      Handle<CUevent> before,
      Handle<CUevent> after,
      KernelSource source,
      Extent groups,
      Extent size) {}

  private record Measured(KernelSource source, Extent groups, Extent size, long nanos) {}

  private final CudaDevice device;
  private final LaunchTimes times;
  private final Set<Handle<?>> live;
  private final List<Pending> pending = new ArrayList<>();
  private final List<Measured> measured = new ArrayList<>();

  /**
   * None yet.
   *
   * @param live where the events stand until they are destroyed
   */
  LaunchEvents(CudaDevice device, LaunchTimes times, Set<Handle<?>> live) {
    this.device = device;
    this.times = times;
    this.live = live;
  }

  // On the thread of the context.

  /** Before a launch, whose extents are the six words at {@code at}. */
  void begin(CUstream stream, KernelSource source, long[] words, int at) {
    Handle<CUevent> before = event();
    Handle<CUevent> after = event();
    pending.add(
        new Pending(
            before,
            after,
            source,
            new Extent(words[at], words[at + 1], words[at + 2]),
            new Extent(words[at + 3], words[at + 4], words[at + 5])));
    Status.check(JCudaDriver.cuEventRecord(before.lent(), stream));
  }

  /** After it. */
  void end(CUstream stream) {
    Status.check(JCudaDriver.cuEventRecord(pending.getLast().after.lent(), stream));
  }

  private Handle<CUevent> event() {
    CUevent event = new CUevent();
    Status.check(JCudaDriver.cuEventCreate(event, 0));
    return Handle.own(
        event, "an event", live, each -> device.release(() -> JCudaDriver.cuEventDestroy(each)));
  }

  /** Reads how long launches took that have ended, all that were begun. */
  void measure() {
    float[] millis = new float[1];
    for (Pending each : pending) {
      Status.check(JCudaDriver.cuEventElapsedTime(millis, each.before.lent(), each.after.lent()));
      measured.add(new Measured(each.source, each.groups, each.size, Math.round(millis[0] * 1e6)));
    }
    destroy();
  }

  private void destroy() {
    for (Pending each : pending) {
      each.before.close();
      each.after.close();
    }
    pending.clear();
  }

  // On the caller's.

  /** Tells of launches that were read, and forgets them. */
  void report() {
    List<Measured> all = List.copyOf(measured);
    measured.clear();
    all.forEach(each -> times.ran(each.source, each.groups, each.size, each.nanos));
  }

  void close() {
    destroy();
  }
}
