package dev.heddle.cache;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** Where what was unpacked or fetched is kept between runs. */
public final class CacheFolder {
  /** The system property that names another folder. */
  public static final String PROPERTY = "heddle.cache";

  private CacheFolder() {}

  /**
   * The user's own cache folder, as each system has it: {@code $XDG_CACHE_HOME/heddle} or {@code
   * ~/.cache/heddle}, {@code ~/Library/Caches/heddle} on macOS, {@code %LOCALAPPDATA%\heddle} on
   * Windows. It need not exist.
   */
  public static Path path() {
    String chosen = System.getProperty(PROPERTY);
    if (chosen != null && !chosen.isBlank()) {
      return Path.of(chosen);
    }
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String variable = System.getenv(os.startsWith("windows") ? "LOCALAPPDATA" : "XDG_CACHE_HOME");
    if (variable != null && !variable.isBlank()) {
      return Path.of(variable, "heddle");
    }
    String home = System.getProperty("user.home");
    return os.startsWith("mac")
        ? Path.of(home, "Library", "Caches", "heddle")
        : Path.of(home, ".cache", "heddle");
  }

  /**
   * The folder {@code name} in the cache, made if it is not there; where the cache cannot be
   * written, a temporary folder of this process.
   */
  public static Path folder(String name) throws IOException {
    try {
      return Files.createDirectories(path().resolve(name));
    } catch (IOException e) {
      Path own = Files.createTempDirectory("heddle");
      own.toFile().deleteOnExit();
      return Files.createDirectories(own.resolve(name));
    }
  }

  /**
   * Copies {@code resource} to {@code folder/name} unless a file of its size is there; see {@link
   * #replace}.
   */
  public static Path unpack(URL resource, Path folder, String name) throws IOException {
    Path file = folder.resolve(name);
    long bytes = resource.openConnection().getContentLengthLong();
    if (Files.exists(file) && Files.size(file) == bytes) {
      return file;
    }
    try (InputStream in = resource.openStream()) {
      return replace(file, part -> Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING));
    }
  }

  /** Fills a file. */
  public interface Filler {
    /** Writes all of it to {@code part}. */
    void fill(Path part) throws IOException;
  }

  /**
   * Makes {@code file}, or makes it anew. It appears in one step, whole: no process sees half of
   * it. Its folder must be there.
   *
   * @return {@code file}
   */
  public static Path replace(Path file, Filler filler) throws IOException {
    Path part = Files.createTempFile(file.getParent(), "part", null);
    try {
      filler.fill(part);
      move(part, file);
      return file;
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void move(Path part, Path file) throws IOException {
    try {
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
