package dev.heddle.cuda;

import dev.heddle.kernels.ProgramCache;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Kernels that were compiled ahead of time: fat binaries in the jar, one for each source, named by
 * all that they were made from, so that none serves a source that has changed since. {@code
 * images/index} lists the names, a line each.
 */
final class Images {
  /** The folder of them beside this class, and what the list in it is called. */
  private static final String FOLDER = "images/";

  private final Set<String> names;

  private Images(Set<String> names) {
    this.names = names;
  }

  /** Those of the jar; none where it was built without {@code nvcc}. */
  static Images shipped() {
    try (InputStream index = Images.class.getResourceAsStream(FOLDER + "index")) {
      return new Images(
          index == null
              ? Set.of()
              : new String(index.readAllBytes(), StandardCharsets.UTF_8)
                  .lines()
                  .filter(line -> !line.isBlank())
                  .collect(Collectors.toUnmodifiableSet()));
    } catch (IOException e) {
      throw new UncheckedIOException("the list of compiled kernels", e);
    }
  }

  boolean isEmpty() {
    return names.isEmpty();
  }

  /** The name of what is made from {@code text}, the whole that the compiler is given. */
  static String name(String text) {
    return ProgramCache.key(text, String.join(" ", Nvrtc.OPTIONS), List.of());
  }

  /** What was made from {@code text}; null if nothing was. */
  byte[] find(String text) {
    if (names.isEmpty()) {
      return null;
    }
    String name = name(text);
    if (!names.contains(name)) {
      return null;
    }
    try (InputStream image = Images.class.getResourceAsStream(FOLDER + name + ".fatbin")) {
      return image == null ? null : image.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("compiled kernel " + name, e);
    }
  }
}
