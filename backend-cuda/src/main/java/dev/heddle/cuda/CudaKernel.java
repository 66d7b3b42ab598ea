package dev.heddle.cuda;

import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
import static jcuda.driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK;

import dev.heddle.kernels.Arguments;
import dev.heddle.kernels.DeviceKernel;
import dev.heddle.kernels.Extent;
import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelLaunchException;
import dev.heddle.kernels.KernelSource;
import java.util.Set;
import jcuda.CudaException;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** A kernel of a loaded module. */
final class CudaKernel implements DeviceKernel {
  private final CudaDevice device;
  private final KernelSource source;
  private final boolean cached;
  private final Lease lease;
  private final long function;
  private final int[] parameters;
  private final long maxGroup;

  private CudaKernel(
      CudaDevice device,
      KernelSource source,
      boolean cached,
      Lease lease,
      long function,
      int[] parameters,
      long maxGroup) {
    this.device = device;
    this.source = source;
    this.cached = cached;
    this.lease = lease;
    this.function = function;
    this.parameters = parameters;
    this.maxGroup = maxGroup;
  }

  /**
   * Finds the kernel in its module; on the thread of the context.
   *
   * @param live where it stands until it is closed
   */
  static CudaKernel of(
      CudaDevice device, Modules.Module module, KernelSource source, Set<Handle<?>> live) {
    Addresses.Function function = new Addresses.Function();
    int[] maxThreads = new int[1];
    CUmodule in = module.handle().enter();
    try {
      Status.check(JCudaDriver.cuModuleGetFunction(function, in, source.entry() + module.suffix()));
      Status.check(
          JCudaDriver.cuFuncGetAttribute(
              maxThreads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function));
      if (source.tileBytes() > 0) {
        Status.check(
            JCudaDriver.cuFuncSetAttribute(
                function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, source.tileBytes()));
      }
    } catch (CudaException e) {
      if (e.getMessage().equals("CUDA_ERROR_NOT_FOUND")) {
        throw new KernelBuildException(
            source.toString(), device.info().toString(), "it has no kernel " + source.entry());
      }
      throw e;
    } finally {
      module.handle().exit();
    }
    // A kernel is its module's, and goes with it.
    Handle<Addresses.Function> handle =
        Handle.own(function, "kernel " + source, live, kernel -> {});
    return new CudaKernel(
        device,
        source,
        module.cached(),
        new Lease(handle),
        function.address(),
        Driver.parameters(function.address()),
        maxThreads[0]);
  }

  @Override
  public KernelSource source() {
    return source;
  }

  @Override
  public boolean cached() {
    return cached;
  }

  CudaDevice device() {
    return device;
  }

  Lease lease() {
    return lease;
  }

  /** The driver's own reference. */
  long function() {
    return function;
  }

  /** Refuses what the kernel, or the device, does not take. */
  void check(Arguments given, Extent groups, Extent size) {
    Extent most = device.found().maxGroup();
    if (size.count() > maxGroup
        || size.x() > most.x()
        || size.y() > most.y()
        || size.z() > most.z()) {
      throw new KernelLaunchException(
          "%s asks for groups of %s work-items; %s takes %,d of this kernel, at most %s. Use"
                  .formatted(source, words(size), device.info(), maxGroup, words(most))
              + " --backend cpu");
    }
    if (groups.x() < 1 || groups.y() < 1 || groups.z() < 1 || size.count() < 1) {
      throw new IllegalArgumentException(
          "%s: %s groups of %s".formatted(source, words(groups), words(size)));
    }
    Extent mostGroups = device.found().maxGroups();
    if (groups.x() > mostGroups.x() || groups.y() > mostGroups.y() || groups.z() > mostGroups.z()) {
      throw new KernelLaunchException(
          "%s asks for %s groups; %s takes at most %s. Use --backend cpu"
              .formatted(source, words(groups), device.info(), words(mostGroups)));
    }
    if (parameters != null) {
      check(given);
    }
  }

  private void check(Arguments given) {
    int number = 0;
    for (int i = 0; i < given.count(); i++) {
      int bytes = bytes(given.kind(i));
      if (bytes == 0) {
        continue;
      }
      if (number < parameters.length && parameters[number] != bytes) {
        throw new IllegalArgumentException(
            "%s takes %d bytes as argument %d, not a %s of %d"
                .formatted(source, parameters[number], number, given.kind(i), bytes));
      }
      number++;
    }
    if (number != parameters.length) {
      throw new IllegalArgumentException(
          "%s takes %d arguments, not %d".formatted(source, parameters.length, number));
    }
  }

  private static int bytes(Arguments.Kind kind) {
    return switch (kind) {
      case MEMORY, LONG, DOUBLE -> Long.BYTES;
      case INT, FLOAT -> Integer.BYTES;
      case MAP -> TensorMaps.BYTES;
      case MAPPED -> 0;
    };
  }

  static String words(Extent extent) {
    return extent.x() + " x " + extent.y() + " x " + extent.z();
  }

  @Override
  public void close() {
    device.close(lease);
  }
}
