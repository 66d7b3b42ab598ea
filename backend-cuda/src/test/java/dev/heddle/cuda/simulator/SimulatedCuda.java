package dev.heddle.cuda.simulator;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;

/**
 * The simulator's libraries as C sees them, with the context current on the thread that opened
 * this. Functions are called by name; what a call returns is its status.
 */
final class SimulatedCuda implements AutoCloseable {
  /** A status of the driver, as {@code cuda.h} has it. */
  static final int INVALID_VALUE = 1;

  static final int OUT_OF_MEMORY = 2;
  static final int INVALID_CONTEXT = 201;
  static final int INVALID_HANDLE = 400;
  static final int ILLEGAL_ADDRESS = 700;
  static final int MISALIGNED_ADDRESS = 716;
  static final int LAUNCH_FAILED = 719;
  static final int INVALID_CLUSTER_SIZE = 912;

  private static final ConcurrentMap<String, MethodHandle> FUNCTIONS = new ConcurrentHashMap<>();

  private final Arena arena = Arena.ofShared();
  private final MemorySegment context = arena.allocate(ADDRESS);
  private final List<MemorySegment> modules = new ArrayList<>();

  /** Why the tests cannot run here; empty if they can. */
  static Optional<String> missing() {
    try {
      return find("heddle_sim_version").isPresent()
          ? Optional.empty()
          : Optional.of("libcuda.so.1 is that of a GPU");
    } catch (IllegalArgumentException e) {
      return Optional.of("the simulator was not built: it needs g++");
    }
  }

  SimulatedCuda() {
    need("cuInit", 0);
    need("cuDevicePrimaryCtxRetain", context, 0);
    need("cuCtxSetCurrent", context());
    reset();
  }

  MemorySegment context() {
    return context.get(ADDRESS, 0);
  }

  /** Calls a function with {@code int}s, {@code long}s and segments. */
  @SuppressWarnings("restricted") // Whoever writes a call knows the function's types.
  static int call(String name, Object... arguments) {
    MethodHandle function =
        FUNCTIONS.computeIfAbsent(
            name,
            each -> {
              MemoryLayout[] types =
                  Arrays.stream(arguments).map(SimulatedCuda::layout).toArray(MemoryLayout[]::new);
              return Linker.nativeLinker()
                  .downcallHandle(find(each).orElseThrow(), FunctionDescriptor.of(JAVA_INT, types));
            });
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(name, e);
    }
  }

  /** A call that must succeed. */
  static void need(String name, Object... arguments) {
    int status = call(name, arguments);
    if (status != 0) {
      throw new AssertionError(name + " returned " + status + "\n" + report());
    }
  }

  private static ValueLayout layout(Object argument) {
    return switch (argument) {
      case Integer i -> JAVA_INT;
      case Long l -> JAVA_LONG;
      case MemorySegment s -> ADDRESS;
      default -> throw new IllegalArgumentException("no argument of C: " + argument);
    };
  }

  @SuppressWarnings("restricted") // Loads the libraries, wherever the loader finds them.
  private static Optional<MemorySegment> find(String name) {
    return Stream.of("libcuda.so.1", "libnvrtc.so.12", "libcublas.so.12", "libcublasLt.so.12")
        .map(library -> SymbolLookup.libraryLookup(library, Arena.global()).find(name))
        .flatMap(Optional::stream)
        .findFirst();
  }

  static long count(String counter) {
    try (Arena own = Arena.ofConfined()) {
      return COUNT.count(own.allocateFrom(counter));
    }
  }

  static void set(String setting, long value) {
    try (Arena own = Arena.ofConfined()) {
      if (call("heddle_sim_set", own.allocateFrom(setting), value) == 0) {
        throw new IllegalArgumentException("the simulator has no setting " + setting);
      }
    }
  }

  static void reset() {
    call("heddle_sim_reset");
  }

  /** What was found wrong since the last {@link #reset}. */
  static String report() {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment text = own.allocate(1 << 16);
      call("heddle_sim_report", text, text.byteSize());
      return text.getString(0);
    }
  }

  /** The one function here that returns more than 32 bits. */
  private interface Counter {
    long count(MemorySegment name);
  }

  private static final Counter COUNT =
      name -> {
        try {
          return (long) counter().invokeExact(name);
        } catch (Throwable e) {
          throw new AssertionError("heddle_sim_count", e);
        }
      };

  @SuppressWarnings("restricted")
  private static MethodHandle counter() {
    return FUNCTIONS.computeIfAbsent(
        "heddle_sim_count",
        each ->
            Linker.nativeLinker()
                .downcallHandle(
                    find(each).orElseThrow(), FunctionDescriptor.of(JAVA_LONG, ADDRESS)));
  }

  /** An outcome of a compilation: {@code module} is null if it failed. */
  record Compiled(MemorySegment module, String log) {}

  /** Compiles a text for compute capability 9.0, its own instructions among it, and loads it. */
  Compiled compile(String text, String... options) {
    MemorySegment program = arena.allocate(ADDRESS);
    need(
        "nvrtcCreateProgram",
        program,
        arena.allocateFrom(text),
        arena.allocateFrom("kernel.cu"),
        0,
        MemorySegment.NULL,
        MemorySegment.NULL);
    MemorySegment handle = program.get(ADDRESS, 0);
    String[] all =
        Stream.concat(Stream.of("--gpu-architecture=sm_90a", "-fmad=false"), Arrays.stream(options))
            .toArray(String[]::new);
    MemorySegment texts = arena.allocate(ADDRESS, all.length);
    for (int i = 0; i < all.length; i++) {
      texts.setAtIndex(ADDRESS, i, arena.allocateFrom(all[i]));
    }
    int status = call("nvrtcCompileProgram", handle, all.length, texts);
    MemorySegment size = arena.allocate(JAVA_LONG);
    need("nvrtcGetProgramLogSize", handle, size);
    MemorySegment log = arena.allocate(size.get(JAVA_LONG, 0));
    need("nvrtcGetProgramLog", handle, log);
    MemorySegment module = null;
    if (status == 0) {
      need("nvrtcGetCUBINSize", handle, size);
      MemorySegment image = arena.allocate(size.get(JAVA_LONG, 0));
      need("nvrtcGetCUBIN", handle, image);
      MemorySegment loaded = arena.allocate(ADDRESS);
      need("cuModuleLoadData", loaded, image);
      module = loaded.get(ADDRESS, 0);
      modules.add(module);
    }
    need("nvrtcDestroyProgram", program);
    return new Compiled(module, log.getString(0));
  }

  /** A kernel of a text that compiles. */
  MemorySegment kernel(String name, String text) {
    Compiled compiled = compile(text);
    if (compiled.module() == null) {
      throw new AssertionError(compiled.log());
    }
    return function(compiled.module(), name);
  }

  MemorySegment function(MemorySegment module, String name) {
    MemorySegment function = arena.allocate(ADDRESS);
    need("cuModuleGetFunction", function, module, arena.allocateFrom(name));
    return function.get(ADDRESS, 0);
  }

  /** Device memory of these floats. */
  long upload(float... values) {
    long address = allocate(4L * values.length);
    need("cuMemcpyHtoD_v2", address, arena.allocateFrom(JAVA_FLOAT, values), 4L * values.length);
    return address;
  }

  /** Memory of the host, zeros, for what a function writes. */
  MemorySegment place(long bytes, long alignment) {
    return arena.allocate(bytes, alignment);
  }

  /** Device memory that nothing was written to. */
  long allocate(long bytes) {
    MemorySegment address = arena.allocate(JAVA_LONG);
    need("cuMemAlloc_v2", address, bytes);
    return address.get(JAVA_LONG, 0);
  }

  float[] download(long address, int count) {
    MemorySegment values = arena.allocate(JAVA_FLOAT, count);
    need("cuMemcpyDtoH_v2", values, address, 4L * count);
    return values.toArray(JAVA_FLOAT);
  }

  MemorySegment host(float... values) {
    return arena.allocateFrom(JAVA_FLOAT, values);
  }

  /** A handle that a function writes to its first parameter. */
  MemorySegment make(String name, Object... rest) {
    MemorySegment handle = arena.allocate(ADDRESS);
    Object[] all =
        Stream.concat(Stream.of((Object) handle), Arrays.stream(rest)).toArray(Object[]::new);
    need(name, all);
    return handle.get(ADDRESS, 0);
  }

  /** Launches on the default stream; the status is that of the call alone. */
  int launch(MemorySegment kernel, int blocks, int threads, Object... arguments) {
    return launch(kernel, MemorySegment.NULL, blocks, threads, 0, arguments);
  }

  int launch(
      MemorySegment kernel,
      MemorySegment stream,
      int blocks,
      int threads,
      int dynamicBytes,
      Object... arguments) {
    MemorySegment parameters = arena.allocate(ADDRESS, Math.max(arguments.length, 1));
    for (int i = 0; i < arguments.length; i++) {
      MemorySegment value = arguments[i] instanceof MemorySegment s ? s : arena.allocate(8, 8);
      switch (arguments[i]) {
        case Integer n -> value.set(JAVA_INT, 0, n);
        case Long n -> value.set(JAVA_LONG, 0, n);
        case Float x -> value.set(JAVA_FLOAT, 0, x);
        case MemorySegment larger -> {}
        default -> throw new IllegalArgumentException("no argument: " + arguments[i]);
      }
      parameters.setAtIndex(ADDRESS, i, value);
    }
    return call(
        "cuLaunchKernel",
        kernel,
        blocks,
        1,
        1,
        threads,
        1,
        1,
        dynamicBytes,
        stream,
        parameters,
        MemorySegment.NULL);
  }

  /** The status that the next call gets: a kernel's faults are found there. */
  static int synchronize() {
    return call("cuCtxSynchronize");
  }

  /** Bytes as they lie on the device. */
  byte[] bytes(long address, int count) {
    MemorySegment values = arena.allocate(count);
    need("cuMemcpyDtoH_v2", values, address, (long) count);
    return values.toArray(JAVA_BYTE);
  }

  @Override
  public void close() {
    reset();
    modules.forEach(each -> need("cuModuleUnload", each));
    need("cuCtxSetCurrent", MemorySegment.NULL);
    need("cuDevicePrimaryCtxRelease_v2", 0);
    reset();
    arena.close();
  }
}
