package dev.heddle.cuda;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.kernels.DeviceCounts;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.DeviceLimits;
import dev.heddle.kernels.DeviceMemory;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.HostMemory;
import dev.heddle.kernels.KernelDevice;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelQueue;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.LaunchTimes;
import dev.heddle.kernels.MemoryBudget;
import dev.heddle.kernels.ProductLibrary;
import dev.heddle.kernels.ProgramCache;
import dev.heddle.tensor.DType;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import jcuda.CudaException;
import jcuda.driver.CUstream;

/**
 * An open GPU: its primary context, the thread that owns it, and all that is made in it. Closing it
 * closes what is left; calls in progress on other threads end first.
 */
final class CudaDevice implements KernelDevice {
  private final FoundDevice found;
  private final MemoryBudget budget;
  private final ContextThread thread;
  private final Handle<Context> context;
  private final Modules modules;

  /** Null where there is no cuBLAS. */
  private final CudaProducts products;

  private final Pinned pinned;
  private final AtomicLong marks = new AtomicLong();

  /** Why the device is lost, in words; null while it is not. */
  private volatile String lost;

  // What is made and not closed.
  private final Set<Handle<?>> contexts = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> memories = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> kernels = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> events = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> queues = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> hosts = ConcurrentHashMap.newKeySet();
  private final Set<Handle<?>> recordings = ConcurrentHashMap.newKeySet();

  /**
   * Opens the device that {@code options} name.
   *
   * @throws BackendUnavailableException if there is none, or its driver refuses
   */
  static CudaDevice open(BackendOptions options) {
    Devices devices = Devices.find();
    FoundDevice found = devices.choose(options.device());
    return open(found, devices.installation(), options, ProgramCache.standard(CudaProvider.NAME));
  }

  static CudaDevice open(
      FoundDevice found, Installation installation, BackendOptions options, ProgramCache cache) {
    return new CudaDevice(found, installation, options.memoryLimit(), cache);
  }

  private CudaDevice(
      FoundDevice found, Installation installation, long memoryLimit, ProgramCache cache) {
    this.found = found;
    this.budget =
        new MemoryBudget(found.info(), found.memory(), memoryLimit, found.limits().maxAllocation());
    this.thread = new ContextThread("heddle-cuda-" + found.info().index());
    Context made;
    try {
      made = thread.call(() -> Context.of(found));
    } catch (CudaException e) {
      thread.close();
      throw new BackendUnavailableException(
          "%s cannot be opened: %s. Use --backend cpu, or see whether the driver works (nvidia-smi)"
              .formatted(found.info(), e.getMessage()));
    }
    this.context = Handle.own(made, found.info().toString(), contexts, this::release);
    this.products =
        installation.blas() == null
            ? null
            : new CudaProducts(this, installation.blas(), installation.blasLt());
    this.modules = new Modules(this, installation, cache);
    this.pinned = new Pinned(this);
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

  /** The thread that owns the context, by its {@link Thread#threadId}. */
  long contextThread() {
    return thread.id();
  }

  Pinned pinned() {
    return pinned;
  }

  AtomicLong marks() {
    return marks;
  }

  @Override
  public DeviceKernel compile(KernelSource source) {
    return compile(source, source.text(KernelSource.Language.CUDA));
  }

  /** The kernel of another text. */
  DeviceKernel compile(KernelSource source, String text) {
    context.enter();
    try {
      failIfLost();
      Modules.Module module = modules.of(source, text);
      return thread.call(() -> CudaKernel.of(this, module, source, kernels));
    } catch (CudaException e) {
      throw failed("the loading of " + source, e);
    } finally {
      context.exit();
    }
  }

  @Override
  public DeviceMemory allocate(long bytes, String what) {
    Context in = context.enter();
    try {
      failIfLost();
      budget.take(bytes, what);
      try {
        Addresses.Device made = thread.call(() -> in.allocate(Math.max(1, bytes)));
        Handle<Addresses.Device> handle =
            Handle.own(
                made,
                "this memory of " + info(),
                memories,
                memory -> {
                  release(() -> in.free(memory));
                  budget.giveBack(bytes);
                });
        return new CudaMemory(this, bytes, handle, made.address());
      } catch (CudaException e) {
        budget.giveBack(bytes);
        if (!Status.isOutOfMemory(e)) {
          throw failed("an allocation", e);
        }
        long free = thread.call(in::free);
        throw budget.outOfMemory(
            bytes, what, "%s: the driver has %,d bytes free".formatted(e.getMessage(), free));
      }
    } finally {
      context.exit();
    }
  }

  @Override
  public HostMemory allocateHost(long bytes, String what) {
    context.enter();
    try {
      failIfLost();
      return CudaHostMemory.of(this, bytes, what, hosts);
    } finally {
      context.exit();
    }
  }

  /**
   * Makes a graph of commands.
   *
   * @param commands gives them to {@code stream}
   */
  CudaRecording record(CUstream stream, Runnable commands) {
    try {
      failIfLost();
      return thread.call(() -> CudaRecording.of(this, stream, commands, recordings));
    } catch (CudaException e) {
      throw failed("a recording", e);
    }
  }

  @Override
  public boolean records() {
    return true;
  }

  @Override
  public DType autoType() {
    return found.autoType();
  }

  @Override
  public ProductLibrary products() {
    return products;
  }

  /** What multiplies for a stream. */
  CudaProducts.ForStream openProducts(Addresses.Stream stream, long workspace) {
    try {
      return thread.call(() -> products.open(stream, workspace));
    } catch (CudaException e) {
      throw failed("the opening of " + products.name(), e);
    }
  }

  @Override
  public KernelQueue openQueue(LaunchTimes times) {
    context.enter();
    try {
      failIfLost();
      return CudaQueue.of(
          this, times == null ? null : new LaunchEvents(this, times, events), queues);
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
        modules.live(),
        queues.size(),
        events.size(),
        modules.compiled(),
        modules.loaded());
  }

  // For what is made in it.

  /** Keeps the device open until {@link #exit}. */
  void enter() {
    context.enter();
  }

  /** Ends what {@link #enter} began. */
  void exit() {
    context.exit();
  }

  /**
   * Closes a part of it, unless the device closes it: then the context goes only after it, and it
   * does not go after the context.
   */
  void close(Handle<?> part) {
    try {
      context.enter();
    } catch (IllegalStateException e) {
      return;
    }
    try {
      part.close();
    } finally {
      context.exit();
    }
  }

  /** The same. */
  void close(Lease part) {
    close(part.handle());
  }

  /** Calls on the thread of the context, and waits. */
  void onThread(Runnable what) {
    thread.run(what);
  }

  /** The same, for what comes of it. */
  <T> T onThread(Supplier<T> what) {
    return thread.call(what);
  }

  /** Hands a task to the thread of the context. */
  void submit(ContextThread.Task task) {
    thread.submit(task);
  }

  /** Waits for a task. */
  void await(ContextThread.Task task) {
    thread.await(task);
  }

  /**
   * Gives back what CUDA handed out, some time before the device closes. Whether that succeeds is
   * nobody's concern: where it does not, the context is gone, and all that was made in it.
   */
  void release(Runnable what) {
    thread.offer(
        new ContextThread.Task() {
          @Override
          boolean begin() {
            try {
              what.run();
            } catch (CudaException e) {
              note(e, "a release");
            }
            return true;
          }
        });
  }

  /** Where launches find their arguments; for the thread of the context. */
  LaunchArguments arguments() {
    return context.lent().arguments();
  }

  // Failures.

  /** Takes note where a failure means that the device is lost; the first such stays the reason. */
  void note(CudaException failure, String what) {
    if (Status.isLost(failure) && lost == null) {
      lost = "%s failed at %s: %s".formatted(info(), what, failure.getMessage());
    }
  }

  /** Whether the device is lost. */
  boolean isLost() {
    return lost != null;
  }

  /**
   * Fails at once rather than ask a lost device.
   *
   * @throws KernelLaunchException with the reason, always the same
   */
  void failIfLost() {
    if (lost != null) {
      throw lost();
    }
  }

  /** What to throw for a call that failed. */
  RuntimeException failed(String what, CudaException failure) {
    note(failure, what);
    if (lost != null) {
      return lost();
    }
    if (Status.isOutOfMemory(failure)) {
      return budget.outOfMemory(0, what, failure.getMessage());
    }
    return new KernelLaunchException(
        "%s refuses %s: %s. Use --backend cpu".formatted(info(), what, failure.getMessage()));
  }

  private KernelLaunchException lost() {
    return new KernelLaunchException(
        lost
            + ". A kernel went wrong or the device was lost; open the backend anew, or use"
            + " --backend cpu");
  }

  @Override
  public void close() {
    context.close();
  }

  /** Runs once, when the device was closed and nothing is being made in it any more. */
  private void release(Context made) {
    queues.forEach(Handle::close);
    recordings.forEach(Handle::close);
    events.forEach(Handle::close);
    kernels.forEach(Handle::close);
    modules.close();
    memories.forEach(Handle::close);
    hosts.forEach(Handle::close);
    pinned.close();
    if (products != null) {
      release(products::close);
    }
    release(made::close);
    thread.close();
  }
}
