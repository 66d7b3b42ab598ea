package dev.heddle.cuda;

import java.lang.foreign.Arena;
import jcuda.CudaException;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUmemAllocationType;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemLocationType;
import jcuda.driver.CUmemPoolProps;
import jcuda.driver.JCudaDriver;

/**
 * A device's primary context, current on the thread that made it, which alone may call it. Memory
 * comes from a pool of its own, which keeps what was freed for the next who asks, by a stream of
 * its own: what is freed is used by no command any more, and what is given out was waited for, so
 * it is any stream's to use.
 */
final class Context {
  /** {@code CU_STREAM_NON_BLOCKING}. */
  private static final int NON_BLOCKING = 1;

  private final CUdevice device;
  private final Arena arena = Arena.ofShared();
  private final LaunchArguments arguments = new LaunchArguments(arena);

  /** Null where the device has no pools; so is the next. */
  private final Addresses.Pool pool;

  private final Addresses.Stream stream;

  private Context(CUdevice device, Addresses.Pool pool, Addresses.Stream stream) {
    this.device = device;
    this.pool = pool;
    this.stream = stream;
  }

  /** Retains the context and makes it current. */
  static Context of(FoundDevice found) {
    CUcontext context = new CUcontext();
    Status.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, found.device()));
    try {
      Status.check(JCudaDriver.cuCtxSetCurrent(context));
      if (!found.pools()) {
        return new Context(found.device(), null, null);
      }
      Addresses.Stream stream = new Addresses.Stream();
      Status.check(JCudaDriver.cuStreamCreate(stream, NON_BLOCKING));
      return new Context(found.device(), pool(found), stream);
    } catch (CudaException e) {
      JCudaDriver.cuDevicePrimaryCtxRelease(found.device());
      throw e;
    }
  }

  private static Addresses.Pool pool(FoundDevice found) {
    CUmemPoolProps properties =
        new CUmemPoolProps(
            CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED,
            0,
            new CUmemLocation(CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, found.ordinal()),
            null);
    Addresses.Pool pool = new Addresses.Pool();
    Status.check(JCudaDriver.cuMemPoolCreate(pool, properties));
    Status.check(Driver.keepFreed(pool.address()));
    return pool;
  }

  LaunchArguments arguments() {
    return arguments;
  }

  /** Memory of so many bytes. */
  Addresses.Device allocate(long bytes) {
    Addresses.Device memory = new Addresses.Device();
    try {
      allocate(memory, bytes);
    } catch (CudaException e) {
      if (pool == null || !Status.isOutOfMemory(e)) {
        throw e;
      }
      // What the pool kept is in pieces that do not fit.
      Status.check(JCudaDriver.cuMemPoolTrimTo(pool, 0));
      allocate(memory, bytes);
    }
    return memory;
  }

  private void allocate(Addresses.Device memory, long bytes) {
    if (pool == null) {
      Status.check(JCudaDriver.cuMemAlloc(memory, bytes));
      return;
    }
    Status.check(JCudaDriver.cuMemAllocFromPoolAsync(memory, bytes, pool, stream));
    Status.check(JCudaDriver.cuStreamSynchronize(stream));
  }

  /** Frees memory that no command uses any more. */
  void free(Addresses.Device memory) {
    Status.check(
        pool == null ? JCudaDriver.cuMemFree(memory) : JCudaDriver.cuMemFreeAsync(memory, stream));
  }

  /** Bytes that the driver has left. */
  long free() {
    long[] free = new long[1];
    Status.check(JCudaDriver.cuMemGetInfo(free, new long[1]));
    return free[0];
  }

  /** Gives the context back; nothing of it is used any more. */
  void close() {
    try {
      if (pool != null) {
        JCudaDriver.cuStreamSynchronize(stream);
        JCudaDriver.cuStreamDestroy(stream);
        JCudaDriver.cuMemPoolDestroy(pool);
      }
    } finally {
      try {
        JCudaDriver.cuCtxSetCurrent(null);
      } finally {
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
        arena.close();
      }
    }
  }
}
