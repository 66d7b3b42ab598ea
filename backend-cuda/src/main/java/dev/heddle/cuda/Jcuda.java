package dev.heddle.cuda;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/**
 * Loads NVIDIA's driver and JCuda's binding of it, once, when the first probe asks. A failure is
 * kept as words: a class whose initialiser failed would fail with another error the next time.
 */
final class Jcuda {
  private static final class Holder {
    static final Loaded LOADED = load();
  }

  /**
   * What came of it.
   *
   * @param driver null if it cannot be called
   * @param failure why, in words; null if it can
   */
  private record Loaded(Library driver, String failure) {}

  private Jcuda() {}

  /** Why CUDA's driver cannot be called in this process, in words; null if it can. */
  static String failure() {
    return Holder.LOADED.failure;
  }

  /** The driver; only where there is no {@link #failure()}. */
  static Library driver() {
    return Holder.LOADED.driver;
  }

  private static Loaded load() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch");
    if (!os.startsWith("linux") || !arch.equals("amd64")) {
      return new Loaded(
          null,
          "it runs on Linux on x86-64; this is %s on %s"
              .formatted(System.getProperty("os.name"), arch));
    }
    try {
      // JCuda would look for it too, and say in many lines what it does not find.
      Optional<Library> driver = Library.find(Search.standard(), "cuda", List.of(), 1);
      if (driver.isEmpty()) {
        return new Loaded(null, "no NVIDIA driver is installed (libcuda.so.1)");
      }
      Natives.load(JCudaDriver.class, "JCudaDriver");
      JCudaDriver.setExceptionsEnabled(true);
      return new Loaded(driver.get(), null);
    } catch (IOException | LinkageError | SecurityException e) {
      return new Loaded(null, explain(e));
    }
  }

  private static String explain(Throwable failure) {
    return failure instanceof NoClassDefFoundError
        ? "the library org.jcuda:jcuda is not on the class path"
        : "JCuda's native library cannot be loaded: "
            + String.valueOf(failure.getMessage()).lines().findFirst().orElse(failure.toString());
  }

  /** What helps where there is no driver or no device. */
  static String remedy() {
    return "Install NVIDIA's driver, 525 or later (nvidia-smi tells whether it works), and in a"
        + " container run with --gpus all; or use --backend cpu";
  }
}
