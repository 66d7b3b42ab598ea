package dev.heddle.opencl;

import dev.heddle.kernels.Handle;
import dev.heddle.kernels.KernelBuildException;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_program;

/**
 * The programs of a device: each built once, from what an earlier process left or from its source,
 * and kept until the device closes.
 */
final class Programs {
  /** Nothing here trades accuracy for speed: results are to be the same everywhere. */
  private static final String OPTIONS = "-cl-std=CL1.2";

  private static final String ROUND_CORRECTLY = " -cl-fp32-correctly-rounded-divide-sqrt";

  /** A built program. */
  record Program(Handle<cl_program> handle, boolean cached) {}

  private static final class Slot {
    Program program;
  }

  private final FoundDevice found;
  private final String options;
  private final ProgramCache cache;
  private final Map<KernelSource, Slot> slots = new ConcurrentHashMap<>();
  private final Set<Handle<?>> live = ConcurrentHashMap.newKeySet();
  private final AtomicLong compiled = new AtomicLong();
  private final AtomicLong loaded = new AtomicLong();

  /**
   * None yet.
   *
   * @param more what the compiler is told besides, beginning with a space
   */
  Programs(FoundDevice found, ProgramCache cache, String more) {
    this.found = found;
    this.cache = cache;
    this.options = OPTIONS + (found.roundsCorrectly() ? ROUND_CORRECTLY : "") + more;
  }

  /** The program of {@code source}; others are built at the same time. */
  Program of(KernelSource source, String text, cl_context context) {
    Slot slot = slots.computeIfAbsent(source, key -> new Slot());
    synchronized (slot) {
      if (slot.program == null) {
        slot.program = Signals.keep(() -> build(source, text, context));
      }
      return slot.program;
    }
  }

  private Program build(KernelSource source, String text, cl_context context) {
    String key = ProgramCache.key(text, options, found.version());
    byte[] binary = cache.find(key);
    if (binary != null) {
      cl_program program = load(context, binary);
      if (program != null) {
        loaded.incrementAndGet();
        return new Program(own(source, program), true);
      }
      cache.drop(key);
    }
    Program program = new Program(own(source, compile(source, text, context)), false);
    compiled.incrementAndGet();
    if (cache.isOn()) {
      cl_program built = program.handle.enter();
      try {
        byte[] made = binary(built);
        if (made.length > 0) {
          cache.store(key, made);
        }
      } finally {
        program.handle.exit();
      }
    }
    return program;
  }

  private Handle<cl_program> own(KernelSource source, cl_program program) {
    return Handle.own(program, "program " + source, live, Programs::release);
  }

  private static void release(cl_program program) {
    Status.of(() -> CL.clReleaseProgram(program));
  }

  private cl_program compile(KernelSource source, String text, cl_context context) {
    int[] status = new int[1];
    cl_program[] made = new cl_program[1];
    int failure =
        Status.of(() -> {
          made[0] = CL.clCreateProgramWithSource(context, 1, new String[] {text}, null, status);
          return status[0];
        });
    if (failure != CL.CL_SUCCESS) {
      throw refused(source, Status.name(failure));
    }
    int built = build(made[0]);
    if (built != CL.CL_SUCCESS) {
      String log = log(made[0]);
      release(made[0]);
      throw refused(source, log.isBlank() ? Status.name(built) : log);
    }
    return made[0];
  }

  /** The program that a driver once gave as {@code binary}; null if it does not take it back. */
  private cl_program load(cl_context context, byte[] binary) {
    int[] status = new int[1];
    cl_program[] made = new cl_program[1];
    int failure =
        Status.of(() -> {
          made[0] =
              CL.clCreateProgramWithBinary(
                  context,
                  1,
                  devices(),
                  new long[] {binary.length},
                  new byte[][] {binary},
                  new int[1],
                  status);
          return status[0];
        });
    if (failure != CL.CL_SUCCESS) {
      return null;
    }
    if (build(made[0]) != CL.CL_SUCCESS) {
      release(made[0]);
      return null;
    }
    return made[0];
  }

  private int build(cl_program program) {
    return Status.of(() -> CL.clBuildProgram(program, 1, devices(), options, null, null));
  }

  private cl_device_id[] devices() {
    return new cl_device_id[] {found.device()};
  }

  private String log(cl_program program) {
    return Queries.buildLog(program, found.device());
  }

  private static byte[] binary(cl_program program) {
    long[] size = new long[1];
    int status =
        Status.of(() ->
            CL.clGetProgramInfo(
                program, CL.CL_PROGRAM_BINARY_SIZES, Long.BYTES, Pointer.to(size), null));
    byte[] binary = new byte[status == CL.CL_SUCCESS ? Math.toIntExact(size[0]) : 0];
    if (binary.length == 0) {
      return binary;
    }
    Pointer to = Pointer.to(Pointer.to(binary));
    int copied =
        Status.of(() -> CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARIES, Long.BYTES, to, null));
    return copied == CL.CL_SUCCESS ? binary : new byte[0];
  }

  private KernelBuildException refused(KernelSource source, String log) {
    return new KernelBuildException(source.toString(), found.info().toString(), log);
  }

  int live() {
    return live.size();
  }

  long compiled() {
    return compiled.get();
  }

  long loaded() {
    return loaded.get();
  }

  void close() {
    live.forEach(Handle::close);
  }
}
