package dev.heddle.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
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
          ACTIONS[signal] = get(signal, Arena.global().allocate(BYTES, Long.BYTES));
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

    static MemorySegment get(int signal, MemorySegment action) {
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

  /** Where an answer is written. */
  private final MemorySegment action;

  /** With memory of its own, so that {@link #check} allocates nothing. For a thread at a time. */
  Signals() {
    this(Arena.ofAuto());
  }

  private Signals(Arena arena) {
    this.action = arena.allocate(Before.BYTES, Long.BYTES);
  }

  /** Gives back what was taken since the first call, which must come before any of a driver. */
  void check() {
    if (Before.SIGACTION != null) {
      giveBack(taker(SIGFPE));
      giveBack(taker(SIGSEGV));
    }
  }

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

  /** The same, from any thread. */
  private static void restore() {
    try (Arena arena = Arena.ofConfined()) {
      new Signals(arena).check();
    }
  }

  /** Who handles a signal in the JVM's place; 0 for nobody. */
  private long taker(int signal) {
    long now = handler(Before.get(signal, action));
    return now == handler(Before.ACTIONS[signal]) ? 0 : now;
  }

  /** Others than {@code taker} may have changed handlers too; theirs stay. */
  private void giveBack(long taker) {
    for (int signal = 1; taker != 0 && signal < COUNT; signal++) {
      if (handler(Before.get(signal, action)) == taker) {
        Before.call(signal, Before.ACTIONS[signal], MemorySegment.NULL);
      }
    }
  }

  private static long handler(MemorySegment action) {
    return action.get(ValueLayout.JAVA_LONG, 0);
  }
}
