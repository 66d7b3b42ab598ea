package dev.heddle.opencl;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;
import dev.heddle.kernels.MemoryBudget;
import dev.heddle.kernels.ProgramCache;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jocl.CL;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_mem;

/**
 * An open OpenCL device: a context, and all that is made in it. Closing it closes what is left;
 * calls in progress on other threads end first.
 */
final class OpenClDevice implements KernelDevice {
  private final FoundDevice found;
  private final MemoryBudget budget;
  private final Handle<cl_context> context;
  private final Programs programs;

  // What is made and not closed.
  private final Set<Handle<?>> contexts = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> memories = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> kernels = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> events = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> queues = ConcurrentHashMap.newKeySet();

  /**
   * Opens the device that {@code options} name.
   *
   * @throws BackendUnavailableException if there is none, or its driver refuses
   */
  static OpenClDevice open(BackendOptions options) {
    return open(
        Devices.find().choose(options.device()),
        options,
        ProgramCache.standard(OpenClProvider.NAME));
  }

  static OpenClDevice open(FoundDevice found, BackendOptions options, ProgramCache cache) {
    return open(found, options, cache, "");
  }

  /** Tells the device's compiler more: {@code " -cl-opt-disable"}. */
  static OpenClDevice open(
      FoundDevice found, BackendOptions options, ProgramCache cache, String more) {
    return new OpenClDevice(found, options.memoryLimit(), new Programs(found, cache, more));
  }

  private OpenClDevice(FoundDevice found, long memoryLimit, Programs programs) {
    this.found = found;
    this.budget =
        new MemoryBudget(found.info(), found.memory(), memoryLimit, found.limits().maxAllocation());
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, found.platform());
    int[] status = new int[1];
    cl_context[] made = new cl_context[1];
    int failure =
        Status.of(() -> {
          made[0] =
              CL.clCreateContext(
                  properties, 1, new cl_device_id[] {found.device()}, null, null, status);
          return status[0];
        });
    if (failure != CL.CL_SUCCESS) {
      throw new BackendUnavailableException(
          "%s cannot be opened: %s. Use --backend cpu, or see whether the driver works (clinfo)"
              .formatted(found.info(), Status.name(failure)));
    }
    this.context = Handle.own(made[0], found.info().toString(), contexts, this::release);
    this.programs = programs;
  }

  @Override
  public DeviceInfo info() {
    return found.info();
  }

  @Override
  public DeviceLimits limits() {
    return found.limits();
  }

  FoundDevice found() {
    return found;
  }

  @Override
  public DeviceKernel compile(KernelSource source) {
    return compile(source, source.text(KernelSource.Language.OPENCL));
  }

  /** The kernel of another text. */
  DeviceKernel compile(KernelSource source, String text) {
    cl_context in = context.enter();
    try {
      return OpenClKernel.of(this, programs.of(source, text, in), source, kernels);
    } finally {
      context.exit();
    }
  }

  @Override
  public DeviceMemory allocate(long bytes, String what) {
    cl_context in = context.enter();
    try {
      budget.take(bytes, what);
      int[] status = new int[1];
      cl_mem[] made = new cl_mem[1];
      int failure =
          Status.of(() -> {
            made[0] = CL.clCreateBuffer(in, CL.CL_MEM_READ_WRITE, Math.max(1, bytes), null, status);
            return status[0];
          });
      if (failure != CL.CL_SUCCESS) {
        budget.giveBack(bytes);
        throw outOfMemory(bytes, what, Status.name(failure));
      }
      return new OpenClMemory(
          this,
          bytes,
          Handle.own(made[0], "this memory of " + info(), memories, memory -> free(memory, bytes)));
    } finally {
      context.exit();
    }
  }

  @Override
  public HostMemory allocateHost(long bytes, String what) {
    return OpenClHostMemory.of(bytes);
  }

  private void free(cl_mem memory, long bytes) {
    Status.of(() -> CL.clReleaseMemObject(memory));
    budget.giveBack(bytes);
  }

  /**
   * Memory ran out.
   *
   * @param why what more is known
   */
  OutOfDeviceMemoryException outOfMemory(long asked, String what, String why) {
    return budget.outOfMemory(asked, what, why);
  }

  @Override
  public KernelQueue openQueue(LaunchTimes times) {
    cl_context in = context.enter();
    try {
      LaunchEvents launches = times == null ? null : new LaunchEvents(times, events);
      return OpenClQueue.of(this, in, launches, queues);
    } finally {
      context.exit();
    }
  }

  @Override
  public DeviceCounts counts() {
    return new DeviceCounts(
        budget.live(),
        memories.size(),
        kernels.size(),
        programs.live(),
        queues.size(),
        events.size(),
        programs.compiled(),
        programs.loaded());
  }

  @Override
  public void close() {
    context.close();
  }

  /** Runs once, when the device was closed and nothing is being made in it any more. */
  private void release(cl_context made) {
    queues.forEach(Handle::close);
    events.forEach(Handle::close);
    kernels.forEach(Handle::close);
    programs.close();
    memories.forEach(Handle::close);
    Status.of(() -> CL.clReleaseContext(made));
  }
}
