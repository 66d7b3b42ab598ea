package dev.heddle.opencl;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Set;
import org.jocl.CL;
import org.jocl.CLException;
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

  private static final Pointer ZERO = Pointer.to(ByteBuffer.allocateDirect(Integer.BYTES));

  private final OpenClDevice device;
  private final LaunchEvents launches;
  private final Handle<cl_command_queue> handle;
  private final Signals signals = new Signals();

  // What a warm run gives the queue, made once so that it allocates nothing.
  private final Transfer upload = new Transfer(Transfer.Way.UPLOAD);
  private final Transfer download = new Transfer(Transfer.Way.DOWNLOAD);
  private final Transfer zeros = new Transfer(Transfer.Way.ZERO);

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

  @Override
  public void upload(HostMemory from, DeviceMemory to, long bytes) {
    transfer("write", upload, to, 0, bytes, OpenClHostMemory.own(from, bytes));
  }

  @Override
  public void download(DeviceMemory from, HostMemory to, long bytes) {
    transfer("read", download, from, 0, bytes, OpenClHostMemory.own(to, bytes));
    waited();
  }

  private void transfer(
      String what, Transfer transfer, DeviceMemory device, long offset, long bytes, Pointer host) {
    OpenClMemory memory = own(device);
    memory.check(offset, bytes);
    if (bytes > 0) {
      transfer.offset = offset;
      transfer.bytes = bytes;
      transfer.host = host;
      call(what, memory, transfer);
    }
  }

  private void waited() {
    if (launched) {
      launched = false;
      signals.check();
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
    if ((offset | bytes) % Integer.BYTES != 0) {
      throw new IllegalArgumentException(
          "zeros: %d bytes at %d; expected multiples of 4".formatted(bytes, offset));
    }
    transfer("fill", zeros, to, offset, bytes, ZERO);
  }

  @Override
  public void finish() {
    cl_command_queue queue = handle.enter();
    try {
      int status = finish(queue);
      if (status != CL.CL_SUCCESS) {
        throw lost("a command", status);
      }
    } finally {
      handle.exit();
      waited();
    }
  }

  private static int finish(cl_command_queue queue) {
    try {
      return CL.clFinish(queue);
    } catch (CLException e) {
      return e.getStatus();
    }
  }

  private interface Command {
    int enqueue(cl_command_queue queue, cl_mem memory);
  }

  /** A command between a memory and the host, filled in for each. */
  private static final class Transfer implements Command {
    private enum Way {
      UPLOAD,
      DOWNLOAD,
      ZERO
    }

    private final Way way;
    private long offset;
    private long bytes;
    private Pointer host;

    Transfer(Way way) {
      this.way = way;
    }

    /** Copies block: JOCL gives every other one a thread that waits for it. */
    @Override
    public int enqueue(cl_command_queue queue, cl_mem memory) {
      return switch (way) {
        case UPLOAD ->
            CL.clEnqueueWriteBuffer(queue, memory, true, offset, bytes, host, 0, null, null);
        case DOWNLOAD ->
            CL.clEnqueueReadBuffer(queue, memory, true, offset, bytes, host, 0, null, null);
        case ZERO ->
            CL.clEnqueueFillBuffer(
                queue, memory, host, Integer.BYTES, offset, bytes, 0, null, null);
      };
    }
  }

  private static int enqueue(Command command, cl_command_queue queue, cl_mem memory) {
    try {
      return command.enqueue(queue, memory);
    } catch (CLException e) {
      return e.getStatus();
    }
  }

  private void call(String what, OpenClMemory memory, Command command) {
    cl_command_queue queue = handle.enter();
    try {
      cl_mem buffer = memory.handle().enter();
      try {
        int status = enqueue(command, queue, buffer);
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
