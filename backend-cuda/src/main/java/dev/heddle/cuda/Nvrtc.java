package dev.heddle.cuda;

import static dev.heddle.cuda.Library.INT;
import static dev.heddle.cuda.Library.POINTER;

import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * NVRTC, CUDA's compiler as a library, of CUDA 12 or 13. Bound by {@code java.lang.foreign}: JCuda
 * is bound to that of CUDA 12, and its binding knows no machine code, only PTX, which a driver
 * older than the compiler does not take.
 */
final class Nvrtc implements Compiler {
  /**
   * Nothing here trades accuracy for speed: results are to be the same everywhere, so a product and
   * a sum are one operation only where a kernel says so.
   */
  static final List<String> OPTIONS = List.of("-fmad=false");

  private static final int SUCCESS = 0;
  private static final int COMPILATION_FAILED = 6;

  private final Library library;
  private final String version;
  private final int[] architectures;
  private final MethodHandle create;
  private final MethodHandle compile;
  private final MethodHandle destroy;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final MethodHandle machineCodeSize;
  private final MethodHandle machineCode;
  private final MethodHandle ptxSize;
  private final MethodHandle ptx;

  /** Binds a library that was found. */
  Nvrtc(Library library) {
    this.library = library;
    this.create =
        library.function("nvrtcCreateProgram", POINTER, POINTER, POINTER, INT, POINTER, POINTER);
    this.compile = library.function("nvrtcCompileProgram", POINTER, INT, POINTER);
    this.destroy = library.function("nvrtcDestroyProgram", POINTER);
    this.logSize = library.function("nvrtcGetProgramLogSize", POINTER, POINTER);
    this.log = library.function("nvrtcGetProgramLog", POINTER, POINTER);
    this.machineCodeSize = library.function("nvrtcGetCUBINSize", POINTER, POINTER);
    this.machineCode = library.function("nvrtcGetCUBIN", POINTER, POINTER);
    this.ptxSize = library.function("nvrtcGetPTXSize", POINTER, POINTER);
    this.ptx = library.function("nvrtcGetPTX", POINTER, POINTER);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 2);
      call(
          library.function("nvrtcVersion", POINTER, POINTER),
          numbers.address(),
          numbers.address() + Integer.BYTES);
      this.version =
          "NVRTC %d.%d"
              .formatted(
                  numbers.getAtIndex(ValueLayout.JAVA_INT, 0),
                  numbers.getAtIndex(ValueLayout.JAVA_INT, 1));
      call(library.function("nvrtcGetNumSupportedArchs", POINTER), numbers.address());
      MemorySegment supported =
          arena.allocate(ValueLayout.JAVA_INT, Math.max(1, numbers.get(ValueLayout.JAVA_INT, 0)));
      call(library.function("nvrtcGetSupportedArchs", POINTER), supported.address());
      this.architectures = supported.toArray(ValueLayout.JAVA_INT);
    }
  }

  /** Where it was found. */
  String file() {
    return library.file();
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public byte[] compile(KernelSource source, String text, int capability, String device) {
    int best = best(capability);
    if (best == 0) {
      throw new KernelBuildException(
          source.toString(),
          device,
          "%s compiles for %s, not for compute capability %d"
              .formatted(version, Arrays.toString(architectures), capability));
    }
    List<String> options = new ArrayList<>(OPTIONS);
    // A later device than the compiler knows gets PTX, of which its driver makes machine code.
    boolean known = best == capability;
    // Hopper's own instructions are no other device's.
    String own = known && best == FoundDevice.HOPPER_CAPABILITY ? "a" : "";
    options.add("--gpu-architecture=" + (known ? "sm_" : "compute_") + best + own);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment place = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment code = arena.allocateFrom(text);
      MemorySegment name = arena.allocateFrom(source.file());
      call(create, place.address(), code.address(), name.address(), 0, 0L, 0L);
      long program = place.get(ValueLayout.JAVA_LONG, 0);
      try {
        MemorySegment words = arena.allocate(ValueLayout.JAVA_LONG, options.size());
        for (int i = 0; i < options.size(); i++) {
          words.setAtIndex(ValueLayout.JAVA_LONG, i, arena.allocateFrom(options.get(i)).address());
        }
        int status = invoke(compile, program, options.size(), words.address());
        if (status != SUCCESS) {
          throw new KernelBuildException(
              source.toString(),
              device,
              status == COMPILATION_FAILED
                  ? text(logSize, log, program, arena)
                  : version + " fails with status " + status);
        }
        return known
            ? bytes(machineCodeSize, machineCode, program, arena)
            : bytes(ptxSize, ptx, program, arena);
      } finally {
        invoke(destroy, place.address());
      }
    }
  }

  /** The latest architecture it knows that the device runs; 0 if it knows none. */
  private int best(int capability) {
    return Arrays.stream(architectures).filter(each -> each <= capability).max().orElse(0);
  }

  private static String text(MethodHandle size, MethodHandle get, long program, Arena arena) {
    String text = new String(bytes(size, get, program, arena));
    return text.replace("\0", "");
  }

  private static byte[] bytes(MethodHandle size, MethodHandle get, long program, Arena arena) {
    MemorySegment count = arena.allocate(ValueLayout.JAVA_LONG);
    call(size, program, count.address());
    MemorySegment bytes = arena.allocate(Math.max(1, count.get(ValueLayout.JAVA_LONG, 0)));
    call(get, program, bytes.address());
    return bytes.toArray(ValueLayout.JAVA_BYTE);
  }

  private static void call(MethodHandle function, Object... arguments) {
    int status = invoke(function, arguments);
    if (status != SUCCESS) {
      throw new IllegalStateException("NVRTC fails with status " + status);
    }
  }

  private static int invoke(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }
}
