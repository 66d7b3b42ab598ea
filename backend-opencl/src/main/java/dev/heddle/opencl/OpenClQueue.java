package dev.heddle.opencl;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Set;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_event;
import org.jocl.cl_mem;

/** An in-order command queue. */
final class OpenClQueue implements KernelQueue {
  /** Bytes of one copy: a byte buffer ends at 2 GiB. */
  private static final long PART = 1L << 30;

  /** Bytes at a time through {@link #staging}. */
  private static final int STAGING = 1 << 20;

  private final OpenClDevice device;
  private final LaunchEvents launches;
  private final Handle<cl_command_queue> handle;
  private final Pointer zeros = Pointer.to(ByteBuffer.allocateDirect(Integer.BYTES));

  /** For memory of the Java heap, which may move; made when first needed. */
  private MemorySegment staging;

  /** Whether something was launched since the last wait; only its thread looks at it. */
  private boolean launched;

  private OpenClQueue(OpenClDevice device, LaunchEvents launches, Handle<cl_command_queue> handle) {
    this.device = device;
    this.launches = launches;
    this.handle = handle;
  }

  @SuppressWarnings("deprecation") // What came in its stead is not in OpenCL 1.2.
  static OpenClQueue of(
      OpenClDevice device, cl_context context, LaunchEvents launches, Set<Handle<?>> live) {
    long properties = launches == null ? 0 : CL.CL_QUEUE_PROFILING_ENABLE;
    int[] status = new int[1];
    cl_command_queue[] made = new cl_command_queue[1];
    int failure =
        Status.of(() -> {
          made[0] = CL.clCreateCommandQueue(context, device.found().device(), properties, status);
          return status[0];
        });
    if (failure != CL.CL_SUCCESS) {
      throw new KernelLaunchException(
          "%s opens no queue: %s. Use --backend cpu"
              .formatted(device.info(), Status.name(failure)));
    }
    return new OpenClQueue(
        device,
        launches,
        Handle.own(made[0], "this queue of " + device.info(), live, OpenClQueue::release));
  }

  /** Waits first: what the commands use may be freed after this. */
  private static void release(cl_command_queue queue) {
    Status.of(() -> CL.clFinish(queue));
    Status.of(() -> CL.clReleaseCommandQueue(queue));
  }

  @Override
  public void launch(DeviceKernel kernel, Arguments arguments, Extent groups, Extent size) {
    if (!(kernel instanceof OpenClKernel own) || own.device() != device) {
      throw new IllegalArgumentException(
          kernel.source() + " was not compiled for " + device.info());
    }
    cl_command_queue queue = handle.enter();
    try {
      launched = true;
      if (launches == null) {
        own.launch(queue, arguments, groups, size, null);
      } else {
        cl_event event = new cl_event();
        own.launch(queue, arguments, groups, size, event);
        launches.add(event, own.source(), groups, size);
      }
    } finally {
      handle.exit();
    }
  }

  @Override
  public void write(MemorySegment from, DeviceMemory to, long offset) {
    OpenClMemory memory = own(to);
    memory.check(offset, from.byteSize());
    long step = from.isNative() ? PART : STAGING;
    for (long at = 0; at < from.byteSize(); at += step) {
      MemorySegment part = from.asSlice(at, Math.min(step, from.byteSize() - at));
      MemorySegment source = part;
      if (!from.isNative()) {
        source = staging().asSlice(0, part.byteSize()).copyFrom(part);
      }
      Pointer pointer = Pointer.to(source.asByteBuffer());
      long begin = offset + at;
      // Blocking: JOCL gives every other write a thread that waits for it.
      call(
          "write",
          memory,
          (queue, buffer) ->
              CL.clEnqueueWriteBuffer(
                  queue, buffer, true, begin, part.byteSize(), pointer, 0, null, null));
    }
  }

  @Override
  public void read(DeviceMemory from, long offset, MemorySegment to) {
    OpenClMemory memory = own(from);
    memory.check(offset, to.byteSize());
    long step = to.isNative() ? PART : STAGING;
    for (long at = 0; at < to.byteSize(); at += step) {
      MemorySegment part = to.asSlice(at, Math.min(step, to.byteSize() - at));
      MemorySegment target = to.isNative() ? part : staging().asSlice(0, part.byteSize());
      Pointer pointer = Pointer.to(target.asByteBuffer());
      long begin = offset + at;
      call(
          "read",
          memory,
          (queue, buffer) ->
              CL.clEnqueueReadBuffer(
                  queue, buffer, true, begin, part.byteSize(), pointer, 0, null, null));
      if (!to.isNative()) {
        part.copyFrom(target);
      }
    }
    waited();
  }

  private void waited() {
    if (launched) {
      launched = false;
      Signals.restore();
      if (launches != null) {
        launches.report();
      }
    }
  }

  private MemorySegment staging() {
    if (staging == null) {
      staging = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(STAGING));
    }
    return staging;
  }

  @Override
  public void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long bytes) {
    OpenClMemory source = own(from);
    OpenClMemory target = own(to);
    source.check(fromOffset, bytes);
    target.check(toOffset, bytes);
    if (bytes == 0) {
      return;
    }
    cl_mem origin = source.handle().enter();
    try {
      call(
          "copy",
          target,
          (queue, buffer) ->
              CL.clEnqueueCopyBuffer(
                  queue, origin, buffer, fromOffset, toOffset, bytes, 0, null, null));
    } finally {
      source.handle().exit();
    }
  }

  @Override
  public void zero(DeviceMemory to, long offset, long bytes) {
    OpenClMemory memory = own(to);
    memory.check(offset, bytes);
    if ((offset | bytes) % Integer.BYTES != 0) {
      throw new IllegalArgumentException(
          "zeros: %d bytes at %d; expected multiples of 4".formatted(bytes, offset));
    }
    if (bytes > 0) {
      call(
          "fill",
          memory,
          (queue, buffer) ->
              CL.clEnqueueFillBuffer(
                  queue, buffer, zeros, Integer.BYTES, offset, bytes, 0, null, null));
    }
  }

  @Override
  public void finish() {
    cl_command_queue queue = handle.enter();
    try {
      int status = Status.of(() -> CL.clFinish(queue));
      if (status != CL.CL_SUCCESS) {
        throw lost("a command", status);
      }
    } finally {
      handle.exit();
      waited();
    }
  }

  private interface Command {
    int enqueue(cl_command_queue queue, cl_mem memory);
  }

  private void call(String what, OpenClMemory memory, Command command) {
    cl_command_queue queue = handle.enter();
    try {
      cl_mem buffer = memory.handle().enter();
      try {
        int status = Status.of(() -> command.enqueue(queue, buffer));
        if (Status.isOutOfMemory(status)) {
          throw device.outOfMemory(memory.bytes(), "a " + what, Status.name(status));
        }
        if (status != CL.CL_SUCCESS) {
          throw lost("a " + what, status);
        }
      } finally {
        memory.handle().exit();
      }
    } finally {
      handle.exit();
    }
  }

  private KernelLaunchException lost(String what, int status) {
    return new KernelLaunchException(
        "%s failed at %s: %s. A kernel went wrong or the device was lost; open the backend anew, or"
                .formatted(device.info(), what, Status.name(status))
            + " use --backend cpu");
  }

  private OpenClMemory own(DeviceMemory memory) {
    if (memory instanceof OpenClMemory own && own.device() == device) {
      return own;
    }
    throw new IllegalArgumentException("this is not memory of " + device.info());
  }

  @Override
  public void close() {
    handle.close();
    if (launches != null) {
      launches.close();
    }
  }
}
