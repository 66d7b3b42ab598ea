package dev.heddle.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Intel's oneDNN, version 3, where it is there: matrix units that the Vector API does not reach.
 * What is called here is its C interface of opaque handles (<a
 * href="https://uxlfoundation.github.io/oneDNN/group_dnnl_api.html">its reference</a>); pointers
 * are passed as the numbers that they are, so that a call makes no object.
 *
 * <p>It never computes on threads of its own: what it is asked for is a piece of a {@link
 * WorkerPool}'s, and a library built on OpenMP is told to use one thread there ({@link #alone}).
 */
final class OneDnn implements AutoCloseable {
  /** Names the library's file, or is {@value #OFF}. */
  static final String PROPERTY = "heddle.onednn";

  /** The same, of the environment. */
  static final String VARIABLE = "HEDDLE_ONEDNN";

  static final String OFF = "off";

  private static final int MAJOR = 3;

  /** The bit of {@code dnnl_cpu_isa_t} for products of bf16, AVX-512's or more. */
  private static final int BF16 = 0x80;

  /** The bits for AMX with bf16. */
  private static final int AMX = 0xfef;

  private static final int SEQUENTIAL = 1;
  private static final int OPENMP = 2;
  private static final int CPU_ENGINE = 1;

  /** What a search ends in. */
  sealed interface Search {
    /** It can be used. */
    record Found(OneDnn library) implements Search {}

    /** It cannot, for one reason, told in one phrase. */
    record Missing(Cause cause, String why) implements Search {}
  }

  /** Why it cannot be used. */
  enum Cause {
    /** Nobody wants it. */
    SWITCHED_OFF,
    /** There is no such file, or the system does not load it. */
    ABSENT,
    /** A function is missing, or one that every version has fails. */
    FOREIGN,
    /** It is of another version. */
    VERSION,
    /** It would compute on threads of its own. */
    THREADS,
    /** The processor has no products of bf16. */
    PROCESSOR
  }

  /** A status other than success, of a call that has no reason to fail. */
  static final class Failure extends IllegalStateException {
    private static final long serialVersionUID = 1;

    Failure(String function, int status) {
      super("oneDNN: %s failed with status %d".formatted(function, status));
    }
  }

  private static final class MissingFunction extends RuntimeException {
    private static final long serialVersionUID = 1;

    MissingFunction(String name) {
      super(name);
    }
  }

  private final String version;
  private final int isa;
  private final MethodHandle getThreads;
  private final MethodHandle setThreads;
  private final long engine;

  /** Handles that were made and not destroyed. */
  private final AtomicInteger live = new AtomicInteger();

  private final MethodHandle engineDestroy;
  final MethodHandle streamCreate;
  final MethodHandle streamDestroy;
  final MethodHandle layoutCreate;
  final MethodHandle layoutDestroy;
  final MethodHandle layoutSize;
  final MethodHandle attributesCreate;
  final MethodHandle attributesScratchpad;
  final MethodHandle attributesDestroy;
  final MethodHandle matMul;
  final MethodHandle reorder;
  final MethodHandle descriptorLayout;
  final MethodHandle descriptorDestroy;
  final MethodHandle primitiveCreate;
  final MethodHandle primitiveExecute;
  final MethodHandle primitiveDestroy;
  final MethodHandle memoryCreate;
  final MethodHandle memoryPlace;
  final MethodHandle memoryDestroy;

  /** The library that property or variable name, else the one on the loader's path. */
  static Search search() {
    String named = System.getProperty(PROPERTY, System.getenv(VARIABLE));
    return named == null || named.isEmpty() ? open(usualName()) : open(named);
  }

  private static String usualName() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return system.contains("windows")
        ? "dnnl.dll"
        : system.contains("mac") ? "libdnnl.3.dylib" : "libdnnl.so.3";
  }

  /**
   * Opens a library, which stays loaded until the process ends.
   *
   * @param file its path, a name for the system's loader, or {@value #OFF}
   */
  @SuppressWarnings("restricted") // Loads what the user has put there for this.
  static Search open(String file) {
    if (file.equals(OFF)) {
      return new Search.Missing(Cause.SWITCHED_OFF, "switched off");
    }
    try {
      return open(file, SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalArgumentException e) {
      return new Search.Missing(
          Cause.ABSENT,
          "%s cannot be loaded; -D%s or %s would name another".formatted(file, PROPERTY, VARIABLE));
    }
  }

  /** Opens a library that is loaded, whose functions {@code symbols} finds. */
  static Search open(String file, SymbolLookup symbols) {
    try {
      MemorySegment found =
          segment((long) function(symbols, "dnnl_version", JAVA_LONG).invokeExact(), 32);
      int major = found.get(JAVA_INT, 0);
      String version = "%d.%d.%d".formatted(major, found.get(JAVA_INT, 4), found.get(JAVA_INT, 8));
      if (major != MAJOR) {
        return new Search.Missing(
            Cause.VERSION, "%s is of version %s; expected %d".formatted(file, version, MAJOR));
      }
      int threading = found.get(JAVA_INT, 24);
      if (threading != SEQUENTIAL && threading != OPENMP) {
        return new Search.Missing(
            Cause.THREADS,
            "%s computes on threads of its own (runtime %d); expected one built with OpenMP or none"
                .formatted(file, threading));
      }
      int isa = (int) function(symbols, "dnnl_get_effective_cpu_isa", JAVA_INT).invokeExact();
      if ((isa & BF16) == 0) {
        return new Search.Missing(
            Cause.PROCESSOR, "the processor has no products of bf16 (0x%x)".formatted(isa));
      }
      return new Search.Found(new OneDnn(version, isa, symbols, threading == OPENMP));
    } catch (MissingFunction e) {
      return new Search.Missing(
          Cause.FOREIGN, "%s has no function %s".formatted(file, e.getMessage()));
    } catch (Failure e) {
      return new Search.Missing(Cause.FOREIGN, file + ": " + e.getMessage());
    } catch (Throwable e) {
      throw undeclared(e);
    }
  }

  private OneDnn(String version, int isa, SymbolLookup symbols, boolean openMp) {
    this.version = version;
    this.isa = isa;
    // The library's own OpenMP: symbols are looked up in what it depends on too.
    getThreads = openMp ? function(symbols, "omp_get_max_threads", JAVA_INT) : null;
    setThreads = openMp ? function(symbols, "omp_set_num_threads", null, JAVA_INT) : null;
    MethodHandle engineCreate = call(symbols, "engine_create", JAVA_LONG, JAVA_INT, JAVA_LONG);
    engineDestroy = call(symbols, "engine_destroy", JAVA_LONG);
    streamCreate = call(symbols, "stream_create", JAVA_LONG, JAVA_LONG, JAVA_INT);
    streamDestroy = call(symbols, "stream_destroy", JAVA_LONG);
    layoutCreate =
        call(
            symbols,
            "memory_desc_create_with_tag",
            JAVA_LONG,
            JAVA_INT,
            JAVA_LONG,
            JAVA_INT,
            JAVA_INT);
    layoutDestroy = call(symbols, "memory_desc_destroy", JAVA_LONG);
    layoutSize = function(symbols, "dnnl_memory_desc_get_size", JAVA_LONG, JAVA_LONG);
    attributesCreate = call(symbols, "primitive_attr_create", JAVA_LONG);
    attributesScratchpad = call(symbols, "primitive_attr_set_scratchpad_mode", JAVA_LONG, JAVA_INT);
    attributesDestroy = call(symbols, "primitive_attr_destroy", JAVA_LONG);
    matMul =
        call(
            symbols,
            "matmul_primitive_desc_create",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
    reorder =
        call(
            symbols,
            "reorder_primitive_desc_create",
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_LONG);
    descriptorLayout =
        function(symbols, "dnnl_primitive_desc_query_md", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT);
    descriptorDestroy = call(symbols, "primitive_desc_destroy", JAVA_LONG);
    primitiveCreate = call(symbols, "primitive_create", JAVA_LONG, JAVA_LONG);
    primitiveExecute =
        call(symbols, "primitive_execute", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);
    primitiveDestroy = call(symbols, "primitive_destroy", JAVA_LONG);
    memoryCreate = call(symbols, "memory_create", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    memoryPlace = call(symbols, "memory_set_data_handle", JAVA_LONG, JAVA_LONG);
    memoryDestroy = call(symbols, "memory_destroy", JAVA_LONG);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(JAVA_LONG);
      made("engine", (int) engineCreate.invokeExact(made.address(), CPU_ENGINE, 0L));
      engine = made.get(JAVA_LONG, 0);
    } catch (Throwable e) {
      throw undeclared(e);
    }
  }

  /** A function that returns a status. */
  private static MethodHandle call(SymbolLookup symbols, String name, MemoryLayout... parameters) {
    return function(symbols, "dnnl_" + name, JAVA_INT, parameters);
  }

  @SuppressWarnings("restricted") // The parameters are those of the library's documentation.
  private static MethodHandle function(
      SymbolLookup symbols, String name, MemoryLayout result, MemoryLayout... parameters) {
    Optional<MemorySegment> address = symbols.find(name);
    FunctionDescriptor type =
        result == null
            ? FunctionDescriptor.ofVoid(parameters)
            : FunctionDescriptor.of(result, parameters);
    return Linker.nativeLinker()
        .downcallHandle(address.orElseThrow(() -> new MissingFunction(name)), type);
  }

  @SuppressWarnings("restricted") // As many bytes as the structure has in every version.
  private static MemorySegment segment(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  String version() {
    return version;
  }

  /** Whether products of bf16 run by AMX, whose tiles have 16 rows. */
  boolean amx() {
    return (isa & AMX) == AMX;
  }

  long engine() {
    return engine;
  }

  /** Handles that are not destroyed yet, the library's own one included. */
  int live() {
    return live.get();
  }

  /** Notes a handle that was made, if it was. */
  void made(String what, int status) {
    check("dnnl_" + what + "_create", status);
    live.getAndIncrement();
  }

  /** Destroys a handle; 0 is none. Fails only for handles that are none. */
  void destroy(MethodHandle destructor, long handle) {
    if (handle == 0) {
      return;
    }
    try {
      check("a destructor", (int) destructor.invokeExact(handle));
      live.getAndDecrement();
    } catch (Throwable e) {
      throw undeclared(e);
    }
  }

  static void check(String function, int status) {
    if (status != 0) {
      throw new Failure(function, status);
    }
  }

  /**
   * Has the library compute on the calling thread alone from now on.
   *
   * @return what to give to {@link #restore}
   */
  int alone() {
    if (setThreads == null) {
      return 1;
    }
    try {
      int threads = (int) getThreads.invokeExact();
      setThreads.invokeExact(1);
      return threads;
    } catch (Throwable e) {
      throw undeclared(e);
    }
  }

  /** Gives the calling thread back what it had before {@link #alone}: it may be a caller's own. */
  void restore(int threads) {
    if (setThreads == null) {
      return;
    }
    try {
      setThreads.invokeExact(threads);
    } catch (Throwable e) {
      throw undeclared(e);
    }
  }

  /** What to throw for what a call by {@link MethodHandle} may only declare. */
  static RuntimeException undeclared(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException exception ? exception : new IllegalStateException(e);
  }

  @Override
  public void close() {
    destroy(engineDestroy, engine);
  }
}
