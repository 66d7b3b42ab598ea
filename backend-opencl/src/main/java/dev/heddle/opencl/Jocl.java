package dev.heddle.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.Locale;
import org.jocl.CL;

/**
 * Loads JOCL and through it the system's OpenCL, once, when the first probe asks. A failure is kept
 * as words: a class whose initialiser failed would fail with another error the next time.
 */
final class Jocl {
  /** JOCL's own switch: a name of its own for each process's copy of its native library. */
  private static final String UNIQUE = "uniqueLibraryNames";

  private static final class Holder {
    static final String FAILURE = load();
  }

  private Jocl() {}

  /** Why OpenCL cannot be called in this process, in words; null if it can. */
  static String failure() {
    return Holder.FAILURE;
  }

  private static String load() {
    try {
      // JOCL looks for it too, but prints what it does not find.
      if (loaders().stream().noneMatch(Jocl::isThere)) {
        return "no OpenCL loader is installed (" + loaders().getFirst() + ")";
      }
      Signals.prepare();
      return initialise();
    } catch (LinkageError | SecurityException e) {
      return explain(e);
    }
  }

  /** OpenCL's own library, by the names that JOCL knows it by. */
  private static List<String> loaders() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return os.startsWith("windows")
        ? List.of("OpenCL.dll")
        : os.startsWith("mac")
            ? List.of("/System/Library/Frameworks/OpenCL.framework/Versions/Current/OpenCL")
            : List.of("libOpenCL.so.1", "libOpenCL.so");
  }

  @SuppressWarnings("restricted") // Loads OpenCL, which is what JOCL is about to do.
  private static boolean isThere(String library) {
    try (Arena arena = Arena.ofConfined()) {
      return SymbolLookup.libraryLookup(library, arena).find("clGetPlatformIDs").isPresent();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * JOCL unpacks its library into the temporary folder, where by default every process uses one
   * file, which it takes for whole as soon as it is there. Under a name of its own no process loads
   * what another has half written, or what somebody else has put there; JOCL deletes it at the end.
   */
  private static String initialise() {
    String before = System.getProperty(UNIQUE);
    try {
      System.setProperty(UNIQUE, "true");
      MethodHandles.lookup().ensureInitialized(CL.class);
      return null;
    } catch (IllegalAccessException e) {
      return "JOCL is closed to this module: " + e.getMessage();
    } finally {
      if (before == null) {
        System.clearProperty(UNIQUE);
      } else {
        System.setProperty(UNIQUE, before);
      }
    }
  }

  private static String explain(Throwable failure) {
    if (failure instanceof NoClassDefFoundError) {
      return "the library org.jocl:jocl is not on the class path";
    }
    // What JOCL tried first is of no use to anyone: the cause is the second trace's first line.
    String message = String.valueOf(failure.getMessage());
    String cause =
        message
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("java.") && !line.contains("java.library.path"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(message.lines().findFirst().orElse(failure.toString()));
    return "JOCL's native library cannot be loaded on %s %s: %s"
        .formatted(System.getProperty("os.name"), System.getProperty("os.arch"), cause);
  }

  /** What helps where there is no loader, no platform or no device. */
  static String remedy() {
    return System.getProperty("os.name").startsWith("Linux")
        ? "Install the driver of the device's vendor; for OpenCL on the CPU, on Debian or Ubuntu:"
            + " apt-get install pocl-opencl-icd ocl-icd-libopencl1"
        : "Install the driver of the device's vendor, which brings OpenCL";
  }
}
