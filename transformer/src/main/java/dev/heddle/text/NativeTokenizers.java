package dev.heddle.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.heddle.cache.CacheFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * Loads the native tokenizers library that lies in DJL's jar, once.
 *
 * <p>DJL's own loader is not used: it looks for a GPU, may download, may call home, and writes log
 * lines. This one unpacks the library into the user's cache folder and loads it from there.
 */
final class NativeTokenizers {
  /** Loads at its first use; a failure is kept as a value, for a class must not stay broken. */
  private static final class Holder {
    static final Throwable FAILURE = load();
  }

  private NativeTokenizers() {}

  /**
   * The library's functions.
   *
   * @throws TokenizerException if it cannot be loaded on this system
   */
  static TokenizersLibrary library() {
    if (Holder.FAILURE != null) {
      throw new TokenizerException(
          "the native tokenizers library cannot be loaded on %s: %s. There are builds for Linux"
                  .formatted(platform(), Holder.FAILURE)
              + " (x86_64, aarch64; glibc 2.34), macOS (aarch64) and Windows (x86_64), and bundles"
              + " for GPUs leave them out: give ids there; if its folder forbids execution, name"
              + " another by -D"
              + CacheFolder.PROPERTY,
          Holder.FAILURE);
    }
    return TokenizersLibrary.LIB;
  }

  @SuppressWarnings("restricted") // JNI: DJL's binding has no other form.
  private static Throwable load() {
    try {
      for (Path file : unpack()) {
        System.load(file.toString());
      }
      return null;
    } catch (IOException | LinkageError | SecurityException e) {
      return e;
    }
  }

  private static List<Path> unpack() throws IOException {
    String resources = "native/lib/" + platform() + "/cpu/";
    Path folder = CacheFolder.folder("tokenizers-" + version());
    List<String> names =
        platform().startsWith("win")
            ? List.of(
                "libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "tokenizers.dll")
            : List.of(System.mapLibraryName("tokenizers"));
    List<Path> files = new ArrayList<>();
    for (String name : names) {
      files.add(CacheFolder.unpack(resource(resources + name), folder, name).toAbsolutePath());
    }
    return files;
  }

  private static URL resource(String name) throws IOException {
    URL resource = TokenizersLibrary.class.getClassLoader().getResource(name);
    if (resource == null) {
      throw new IOException("the jar ai.djl.huggingface:tokenizers holds no " + name);
    }
    return resource;
  }

  private static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = resource("native/lib/tokenizers.properties").openStream()) {
      properties.load(in);
    }
    return properties.getProperty("version", "unknown");
  }

  /** {@code linux-x86_64}: the jar's word for this system. */
  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return (os.startsWith("windows") ? "win" : os.startsWith("mac") ? "osx" : os.replace(' ', '_'))
        + "-"
        + (arch.equals("amd64") ? "x86_64" : arch);
  }
}
