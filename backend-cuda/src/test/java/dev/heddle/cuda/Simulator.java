package dev.heddle.cuda;

import static dev.heddle.cuda.Library.POINTER;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What the simulator tells tests, and is told by them; no GPU's driver has these functions. */
final class Simulator {
  private static final MethodHandle COUNT =
      bind("heddle_sim_count", FunctionDescriptor.of(ValueLayout.JAVA_LONG, POINTER));
  private static final MethodHandle SET =
      bind(
          "heddle_sim_set",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, POINTER, ValueLayout.JAVA_LONG));
  private static final MethodHandle REPORT =
      bind(
          "heddle_sim_report",
          FunctionDescriptor.of(ValueLayout.JAVA_LONG, POINTER, ValueLayout.JAVA_LONG));
  private static final MethodHandle RESET = bind("heddle_sim_reset", FunctionDescriptor.ofVoid());

  private Simulator() {}

  @SuppressWarnings("restricted") // The types are those of the simulator's control.cpp.
  private static MethodHandle bind(String name, FunctionDescriptor type) {
    return Jcuda.driver()
        .symbols()
        .find(name)
        .map(address -> Linker.nativeLinker().downcallHandle(address, type))
        .orElse(null);
  }

  /** Skips the test on a GPU. */
  static void need() {
    assumeTrue(COUNT != null, "not on a GPU: the simulator is to fail");
  }

  /** A counter, such as {@code live_device_bytes}. */
  static long count(String name) {
    try (Arena arena = Arena.ofConfined()) {
      return (long) COUNT.invokeExact(arena.allocateFrom(name).address());
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Sets something, such as {@code fail_launch}: the number of the launch that is to fail. */
  static void set(String name, long value) {
    try (Arena arena = Arena.ofConfined()) {
      int known = (int) SET.invokeExact(arena.allocateFrom(name).address(), value);
      if (known == 0) {
        throw new IllegalArgumentException("the simulator has no setting " + name);
      }
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** What it found wrong since the last {@link #reset}. */
  static String report() {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = (long) REPORT.invokeExact(0L, 0L);
      MemorySegment text = arena.allocate(bytes + 1);
      bytes = (long) REPORT.invokeExact(text.address(), bytes + 1);
      return text.getString(0);
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }

  /** Forgets reports, counted events, failures to come and a fault's after-effects. */
  static void reset() {
    if (RESET == null) {
      return;
    }
    try {
      RESET.invokeExact();
    } catch (Throwable e) {
      throw Library.undeclared(e);
    }
  }
}
