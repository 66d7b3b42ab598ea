package dev.heddle.opencl;

import java.lang.invoke.MethodHandles;
import java.util.Locale;
import org.jocl.CL;

/**
 * Loads JOCL and through it the system's OpenCL, once, when the first probe asks. A failure is kept
 * as a value: a class whose initialiser failed would fail with another error the next time.
 */
final class Jocl {
  /** JOCL's own switch: a name of its own for each process's copy of its native library. */
  private static final String UNIQUE = "uniqueLibraryNames";

  private static final class Holder {
    static final Throwable FAILURE = load();
  }

  private Jocl() {}

  /** Why OpenCL cannot be called in this process, in words; null if it can. */
  static String failure() {
    return Holder.FAILURE == null ? null : explain(Holder.FAILURE);
  }

  /**
   * JOCL unpacks its library into the temporary folder, where by default every process uses one
   * file, which it takes for whole as soon as it is there. Under a name of its own no process loads
   * what another has half written, or what somebody else has put there; JOCL deletes it at the end.
   */
  private static Throwable load() {
    String before = System.getProperty(UNIQUE);
    try {
      System.setProperty(UNIQUE, "true");
      MethodHandles.lookup().ensureInitialized(CL.class);
      return null;
    } catch (LinkageError | IllegalAccessException | SecurityException e) {
      return e;
    } finally {
      if (before == null) {
        System.clearProperty(UNIQUE);
      } else {
        System.setProperty(UNIQUE, before);
      }
    }
  }

  static String explain(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("Implementation library could not be loaded")) {
      return "no OpenCL loader is installed (" + loader() + ")";
    }
    if (failure instanceof NoClassDefFoundError) {
      return "the library org.jocl:jocl is not on the class path";
    }
    // What JOCL tried first is of no use to anyone: the cause is the second trace's first line.
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

  private static String loader() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    return os.startsWith("windows")
        ? "OpenCL.dll"
        : os.startsWith("mac") ? "OpenCL.framework" : "libOpenCL.so.1";
  }

  /** What helps where there is no loader, no platform or no device. */
  static String remedy() {
    return System.getProperty("os.name").startsWith("Linux")
        ? "Install the driver of the device's vendor; for OpenCL on the CPU, on Debian or Ubuntu:"
            + " apt-get install pocl-opencl-icd ocl-icd-libopencl1"
        : "Install the driver of the device's vendor, which brings OpenCL";
  }
}
