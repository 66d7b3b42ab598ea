package dev.heddle.opencl;

import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_event;

/** The events of a queue that measures its launches, from a launch until it has ended. */
final class LaunchEvents {
  private record Pending(Handle<cl_event> event, KernelSource source, Extent groups, Extent size) {}

  private final LaunchTimes times;
  private final Set<Handle<?>> live;
  private final List<Pending> pending = new ArrayList<>();

  /**
   * None yet.
   *
   * @param live where the events stand until they are released
   */
  LaunchEvents(LaunchTimes times, Set<Handle<?>> live) {
    this.times = times;
    this.live = live;
  }

  /** Owns the event of a launch. */
  void add(cl_event event, KernelSource source, Extent groups, Extent size) {
    Handle<cl_event> handle =
        Handle.own(
            event,
            "a launch of " + source,
            live,
            launched -> Status.of(() -> CL.clReleaseEvent(launched)));
    pending.add(new Pending(handle, source, groups, size));
  }

  /** Tells of launches that have ended, all that were added, and forgets them. */
  void report() {
    try {
      for (Pending launch : pending) {
        cl_event event = launch.event.enter();
        try {
          long nanos = time(event, CL.CL_PROFILING_COMMAND_END);
          nanos -= time(event, CL.CL_PROFILING_COMMAND_START);
          times.ran(launch.source, launch.groups, launch.size, nanos);
        } finally {
          launch.event.exit();
        }
      }
    } finally {
      close();
    }
  }

  private static long time(cl_event event, int what) {
    long[] nanos = new long[1];
    Status.of(() -> CL.clGetEventProfilingInfo(event, what, Long.BYTES, Pointer.to(nanos), null));
    return nanos[0];
  }

  void close() {
    pending.forEach(launch -> launch.event.close());
    pending.clear();
  }
}
