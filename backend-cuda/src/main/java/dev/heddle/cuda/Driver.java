package dev.heddle.cuda;

import static dev.heddle.cuda.Library.INT;
import static dev.heddle.cuda.Library.POINTER;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;

/**
 * The driver's functions that are called for each kernel and each copy, and those that JCuda lacks.
 * A call through JCuda makes objects for its pointers, and these calls are to make none, so that a
 * step of a decoder leaves nothing to the garbage collector. Pointers are numbers here. Each
 * returns its status, and is for the thread that owns the context.
 */
final class Driver {
  private static final MethodHandle LAUNCH =
      Jcuda.driver()
          .function(
              "cuLaunchKernel",
              POINTER,
              INT,
              INT,
              INT,
              INT,
              INT,
              INT,
              INT,
              POINTER,
              POINTER,
              POINTER);
  private static final MethodHandle WRITE =
      Jcuda.driver().function("cuMemcpyHtoDAsync_v2", POINTER, POINTER, POINTER, POINTER);
  private static final MethodHandle READ =
      Jcuda.driver().function("cuMemcpyDtoHAsync_v2", POINTER, POINTER, POINTER, POINTER);
  private static final MethodHandle COPY =
      Jcuda.driver().function("cuMemcpyDtoDAsync_v2", POINTER, POINTER, POINTER, POINTER);
  private static final MethodHandle FILL =
      Jcuda.driver().function("cuMemsetD32Async", POINTER, INT, POINTER, POINTER);
  private static final MethodHandle QUERY = Jcuda.driver().function("cuStreamQuery", POINTER);
  private static final MethodHandle GRAPH =
      Jcuda.driver().function("cuGraphLaunch", POINTER, POINTER);
  private static final MethodHandle POOL_ATTRIBUTE =
      Jcuda.driver().function("cuMemPoolSetAttribute", POINTER, INT, POINTER);
  private static final MethodHandle PARAMETER =
      optional("cuFuncGetParamInfo", POINTER, POINTER, POINTER, POINTER);

  private Driver() {}

  private static MethodHandle optional(String name, ValueLayout... parameters) {
    Optional<MethodHandle> found = Jcuda.driver().optional(name, parameters);
    return found.orElse(null);
  }

  /**
   * Launches a kernel.
   *
   * @param shared bytes of shared memory besides what the kernel declares
   * @param parameters where the addresses of its arguments stand
   */
  static int launch(
      long function,
      int groupsX,
      int groupsY,
      int groupsZ,
      int sizeX,
      int sizeY,
      int sizeZ,
      int shared,
      long stream,
      long parameters) {
    try {
      return (int)
          LAUNCH.invokeExact(
              function,
              groupsX,
              groupsY,
              groupsZ,
              sizeX,
              sizeY,
              sizeZ,
              shared,
              stream,
              parameters,
              0L);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Copies from the host. */
  static int write(long to, long from, long bytes, long stream) {
    try {
      return (int) WRITE.invokeExact(to, from, bytes, stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Copies to the host. */
  static int read(long to, long from, long bytes, long stream) {
    try {
      return (int) READ.invokeExact(to, from, bytes, stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Copies on the device. */
  static int copy(long to, long from, long bytes, long stream) {
    try {
      return (int) COPY.invokeExact(to, from, bytes, stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Sets bytes to 0, a multiple of 4 of them. */
  static int zero(long to, long bytes, long stream) {
    try {
      return (int) FILL.invokeExact(to, 0, bytes / Integer.BYTES, stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Whether a stream's commands have ended: success, or not ready. */
  static int query(long stream) {
    try {
      return (int) QUERY.invokeExact(stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Launches a graph. */
  static int launchGraph(long executable, long stream) {
    try {
      return (int) GRAPH.invokeExact(executable, stream);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /**
   * A pool keeps what was freed, rather than give it to the system whenever a stream is waited for.
   */
  static int keepFreed(long pool) {
    int releaseThreshold = 4;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = arena.allocateFrom(ValueLayout.JAVA_LONG, -1L);
      return (int) POOL_ATTRIBUTE.invokeExact(pool, releaseThreshold, all.address());
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /**
   * Bytes of each of a kernel's parameters; null where the driver, of before CUDA 12.4, does not
   * tell.
   */
  static int[] parameters(long function) {
    if (PARAMETER == null) {
      return null;
    }
    int[] bytes = new int[16];
    int count = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offset = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      while ((int) PARAMETER.invokeExact(function, (long) count, offset.address(), size.address())
          == Status.SUCCESS) {
        if (count == bytes.length) {
          bytes = Arrays.copyOf(bytes, 2 * count);
        }
        bytes[count++] = (int) size.get(ValueLayout.JAVA_LONG, 0);
      }
      return Arrays.copyOf(bytes, count);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }
}
