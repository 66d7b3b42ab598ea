package dev.heddle.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Keeps the JVM's signals the JVM's. PoCL takes SIGFPE for itself when its devices are listed
 * (unless {@code POCL_SIGFPE_HANDLER=0} is in its environment) and from then on an integer division
 * by zero, in any Java thread of the process, goes on with garbage and throws nothing.
 */
final class Signals {
  private static final int SIGFPE = 8;
  private static final int SIGSEGV = 11;

  /** More than {@code struct sigaction} takes anywhere. */
  private static final int BYTES = 512;

  /** Not final, so that no compiler sees the division by zero coming. */
  private static volatile int zero = 0;

  private Signals() {}

  /** Puts things right if a division by zero no longer throws. */
  static void restore() {
    if (!divisionThrows()) {
      giveBack();
    }
  }

  static boolean divisionThrows() {
    try {
      int garbage = 1 / zero;
      return false;
    } catch (ArithmeticException e) {
      return true;
    }
  }

  /** The JVM has one handler for both signals, and the other is still its own. */
  @SuppressWarnings("restricted") // sigaction is called.
  private static void giveBack() {
    Linker linker = Linker.nativeLinker();
    MethodHandle sigaction =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("sigaction"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(BYTES, Long.BYTES);
      int got = (int) sigaction.invokeExact(SIGSEGV, MemorySegment.NULL, action);
      int set = got != 0 ? got : (int) sigaction.invokeExact(SIGFPE, action, MemorySegment.NULL);
      if (set != 0 || !divisionThrows()) {
        System.getLogger(Signals.class.getName())
            .log(
                System.Logger.Level.WARNING,
                "An OpenCL driver has taken SIGFPE from the JVM: integer divisions by zero no"
                    + " longer throw. Start with POCL_SIGFPE_HANDLER=0 in the environment.");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("sigaction", e);
    }
  }
}
