package dev.heddle.opencl;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/** A kernel of a built program, with arguments of its own. */
final class OpenClKernel implements DeviceKernel {
  private final OpenClDevice device;
  private final KernelSource source;
  private final boolean cached;
  private final Handle<cl_kernel> handle;
  private final int arguments;
  private final long maxGroup;

  // OpenCL's kernels keep their arguments, so setting and launching is for one thread at a time.
  private final Object lock = new Object();
  private final ByteBuffer value =
      ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
  private final Pointer pointer = Pointer.to(value);
  private final long[] global = new long[3];
  private final long[] local = new long[3];

  private OpenClKernel(
      OpenClDevice device,
      KernelSource source,
      boolean cached,
      Handle<cl_kernel> handle,
      int arguments,
      long maxGroup) {
    this.device = device;
    this.source = source;
    this.cached = cached;
    this.handle = handle;
    this.arguments = arguments;
    this.maxGroup = maxGroup;
  }

  static OpenClKernel of(
      OpenClDevice device, Programs.Program program, KernelSource source, Set<Handle<?>> live) {
    int[] status = new int[1];
    cl_kernel[] made = new cl_kernel[1];
    cl_program in = program.handle().enter();
    try {
      int failure =
          Status.of(() -> {
            made[0] = CL.clCreateKernel(in, source.entry(), status);
            return status[0];
          });
      if (failure == CL.CL_INVALID_KERNEL_NAME) {
        throw new KernelBuildException(
            source.toString(), device.info().toString(), "it has no kernel " + source.entry());
      }
      if (failure != CL.CL_SUCCESS) {
        throw new KernelBuildException(
            source.toString(), device.info().toString(), Status.name(failure));
      }
    } finally {
      program.handle().exit();
    }
    Handle<cl_kernel> handle =
        Handle.own(
            made[0],
            "kernel " + source,
            live,
            kernel -> Status.of(() -> CL.clReleaseKernel(kernel)));
    try {
      checkLocalMemory(device, source, made[0]);
      return new OpenClKernel(
          device,
          source,
          program.cached(),
          handle,
          Queries.arguments(made[0]),
          Queries.number(made[0], device.found().device(), CL.CL_KERNEL_WORK_GROUP_SIZE));
    } catch (RuntimeException | Error e) {
      handle.close();
      throw e;
    }
  }

  private static void checkLocalMemory(OpenClDevice device, KernelSource source, cl_kernel kernel) {
    long asked = Queries.number(kernel, device.found().device(), CL.CL_KERNEL_LOCAL_MEM_SIZE);
    long there = device.limits().localBytes();
    if (asked > there) {
      throw new KernelLaunchException(
          "%s needs %,d bytes of local memory; %s has %,d. Use --backend cpu"
              .formatted(source, asked, device.info(), there));
    }
  }

  @Override
  public KernelSource source() {
    return source;
  }

  @Override
  public boolean cached() {
    return cached;
  }

  OpenClDevice device() {
    return device;
  }

  /**
   * Enqueues it.
   *
   * @param event filled with the launch's event, which the caller releases; null for none
   */
  void launch(cl_command_queue queue, Arguments given, Extent groups, Extent size, cl_event event) {
    checkExtents(groups, size);
    if (given.count() != arguments) {
      throw new IllegalArgumentException(
          "%s takes %d arguments, not %d".formatted(source, arguments, given.count()));
    }
    cl_kernel kernel = handle.enter();
    int entered = 0;
    try {
      while (entered < given.count()) {
        enterMemory(given, entered);
        entered++;
      }
      int status;
      synchronized (lock) {
        status = setAll(kernel, given);
        if (status == CL.CL_SUCCESS) {
          status = enqueue(queue, kernel, groups, size, event);
        }
      }
      if (status != CL.CL_SUCCESS) {
        throw failure(status, given, groups, size);
      }
    } finally {
      for (int i = 0; i < entered; i++) {
        if (given.memory(i) != null) {
          ((OpenClMemory) given.memory(i)).handle().exit();
        }
      }
      handle.exit();
    }
  }

  private void enterMemory(Arguments given, int i) {
    if (given.memory(i) == null) {
      return;
    }
    if (!(given.memory(i) instanceof OpenClMemory memory) || memory.device() != device) {
      throw new IllegalArgumentException(
          "%s: argument %d is not memory of %s".formatted(source, i, device.info()));
    }
    memory.handle().enter();
  }

  private int setAll(cl_kernel kernel, Arguments given) {
    for (int i = 0; i < given.count(); i++) {
      int status = set(kernel, i, given);
      if (status != CL.CL_SUCCESS) {
        return status;
      }
    }
    return CL.CL_SUCCESS;
  }

  private int set(cl_kernel kernel, int i, Arguments given) {
    int bytes =
        switch (given.kind(i)) {
          case MEMORY -> {
            value.putLong(
                0,
                given.memory(i) == null
                    ? 0
                    : ((OpenClMemory) given.memory(i)).handle().lent().getNativePointer());
            yield Long.BYTES;
          }
          case LONG, DOUBLE -> {
            value.putLong(0, given.bits(i));
            yield Long.BYTES;
          }
          case INT, FLOAT -> {
            value.putInt(0, (int) given.bits(i));
            yield Integer.BYTES;
          }
          case MAP, MAPPED ->
              throw new IllegalArgumentException("OpenCL has no maps of matrices: " + source);
        };
    try {
      return CL.clSetKernelArg(kernel, i, bytes, pointer);
    } catch (CLException e) {
      return e.getStatus();
    }
  }

  private int enqueue(
      cl_command_queue queue, cl_kernel kernel, Extent groups, Extent size, cl_event event) {
    local[0] = size.x();
    local[1] = size.y();
    local[2] = size.z();
    global[0] = groups.x() * size.x();
    global[1] = groups.y() * size.y();
    global[2] = groups.z() * size.z();
    try {
      return CL.clEnqueueNDRangeKernel(queue, kernel, 3, null, global, local, 0, null, event);
    } catch (CLException e) {
      return e.getStatus();
    }
  }

  private void checkExtents(Extent groups, Extent size) {
    long[] most = device.found().maxGroup();
    if (size.count() > maxGroup || size.x() > most[0] || size.y() > most[1] || size.z() > most[2]) {
      throw new KernelLaunchException(
          "%s asks for groups of %s work-items; %s takes %,d of this kernel, at most %s. Use"
                  .formatted(source, words(size), device.info(), maxGroup, words(most))
              + " --backend cpu");
    }
    if (groups.x() < 1 || groups.y() < 1 || groups.z() < 1 || size.count() < 1) {
      throw new IllegalArgumentException(
          "%s: %s groups of %s".formatted(source, words(groups), words(size)));
    }
  }

  private RuntimeException failure(int status, Arguments given, Extent groups, Extent size) {
    if (Status.isOutOfMemory(status)) {
      long bytes = 0;
      for (int i = 0; i < given.count(); i++) {
        bytes += given.memory(i) == null ? 0 : given.memory(i).bytes();
      }
      return device.outOfMemory(bytes, source + "'s operands", Status.name(status));
    }
    return new KernelLaunchException(
        "%s, %s groups of %s, is refused by %s: %s. Use --backend cpu"
            .formatted(source, words(groups), words(size), device.info(), Status.name(status)));
  }

  private static String words(Extent extent) {
    return extent.x() + " x " + extent.y() + " x " + extent.z();
  }

  private static String words(long[] extents) {
    return extents[0] + " x " + extents[1] + " x " + extents[2];
  }

  @Override
  public void close() {
    handle.close();
  }
}
