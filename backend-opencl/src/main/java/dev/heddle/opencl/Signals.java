package dev.heddle.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Keeps the JVM's signals the JVM's. It throws by them: a null pointer is a SIGSEGV, a division by
 * zero a SIGFPE; and it stops its threads by SIGSEGV, several at a time. Two take them away when
 * the devices are first listed:
 *
 * <ul>
 *   <li>PoCL takes SIGFPE. From then on an integer division by zero, in any Java thread of the
 *       process, goes on with garbage and throws nothing.
 *   <li>LLVM, with which drivers compile, takes all that would end a program, so as to delete its
 *       temporary files. Its handler gives them back at the first signal, which the JVM survives;
 *       but not a second thread's at that moment.
 * </ul>
 */
final class Signals {
  // The same on every system that has sigaction.
  private static final int SIGFPE = 8;
  private static final int SIGSEGV = 11;
  private static final int COUNT = 32;

  /** {@code sigaction}, and what it said at first. Absent on Windows. */
  private static final class Before {
    /** More than {@code struct sigaction} takes anywhere; it begins with the handler. */
    static final long BYTES = 512;

    static final MethodHandle SIGACTION = link();
    static final MemorySegment[] ACTIONS = new MemorySegment[COUNT];

    static {
      if (SIGACTION != null) {
        for (int signal = 1; signal < COUNT; signal++) {
          ACTIONS[signal] = get(signal, Arena.global());
        }
      }
    }

    @SuppressWarnings("restricted") // A call of the C library.
    private static MethodHandle link() {
      Linker linker = Linker.nativeLinker();
      Optional<MemorySegment> function = linker.defaultLookup().find("sigaction");
      return function
          .map(address ->
              linker.downcallHandle(
                  address,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT,
                      ValueLayout.JAVA_INT,
                      ValueLayout.ADDRESS,
                      ValueLayout.ADDRESS)))
          .orElse(null);
    }

    static MemorySegment get(int signal, SegmentAllocator arena) {
      MemorySegment action = arena.allocate(BYTES, Long.BYTES);
      call(signal, MemorySegment.NULL, action);
      return action;
    }

    static void call(int signal, MemorySegment set, MemorySegment get) {
      try {
        // It refuses those that nobody may handle.
        int refused = (int) SIGACTION.invokeExact(signal, set, get);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException("sigaction", e);
      }
    }
  }

  /** How long others may hold what is the JVM's while a driver works. */
  private static final long NANOS = 50_000;

  private Signals() {}

  /** Reads who handles what. It takes a tenth of a second, so a thread does it ahead of time. */
  static void prepare() {
    Thread.ofPlatform().daemon().name("opencl-signals").start(Signals::restore);
  }

  /** Calls a driver that may take signals, and gives them back at once. */
  static <T> T keep(Supplier<T> call) {
    restore();
    AtomicBoolean done = new AtomicBoolean();
    Thread.ofPlatform()
        .daemon()
        .name("opencl-signals")
        .start(() -> {
          while (!done.get()) {
            restore();
            LockSupport.parkNanos(NANOS);
          }
        });
    try {
      return call.get();
    } finally {
      done.set(true);
      restore();
    }
  }

  /** Gives back what was taken since the first call, which must come before any of a driver. */
  static void restore() {
    if (Before.SIGACTION == null) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      giveBack(taker(SIGFPE, arena), arena);
      giveBack(taker(SIGSEGV, arena), arena);
    }
  }

  /** Who handles a signal in the JVM's place; 0 for nobody. */
  private static long taker(int signal, Arena arena) {
    long now = handler(Before.get(signal, arena));
    return now == handler(Before.ACTIONS[signal]) ? 0 : now;
  }

  /** Others than {@code taker} may have changed handlers too; theirs stay. */
  private static void giveBack(long taker, Arena arena) {
    for (int signal = 1; taker != 0 && signal < COUNT; signal++) {
      if (handler(Before.get(signal, arena)) == taker) {
        Before.call(signal, Before.ACTIONS[signal], MemorySegment.NULL);
      }
    }
  }

  private static long handler(MemorySegment action) {
    return action.get(ValueLayout.JAVA_LONG, 0);
  }
}
