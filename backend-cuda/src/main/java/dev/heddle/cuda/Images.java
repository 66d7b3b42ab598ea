package dev.heddle.cuda;

import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ProgramCache;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Kernels that were compiled ahead of time: fat binaries in the jar, of several sources each.
 * {@code images/index} has a line for each source: a name made of all that it was made from, so
 * that none serves a source that has changed since, the image, and what its kernels' names end in.
 */
final class Images {
  /** The folder of them beside this class, what the list in it is called, and what they end in. */
  static final String FOLDER = "images/";

  static final String INDEX = "index";
  static final String ENDING = ".fatbin";

  private final Map<String, Place> places;

  /** Where a source's kernels are. */
  private record Place(String image, String suffix) {}

  /** What was made from a source: in it the kernel {@code x} is called {@code x + suffix}. */
  record Image(byte[] bytes, String suffix) {}

  private Images(Map<String, Place> places) {
    this.places = places;
  }

  /** Those of the jar; none where it was built without {@code nvcc}. */
  static Images shipped() {
    Map<String, Place> places = new HashMap<>();
    try (InputStream index = Images.class.getResourceAsStream(FOLDER + INDEX)) {
      if (index != null) {
        new String(index.readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .map(line -> line.split(" "))
            .forEach(words -> places.put(words[0], new Place(words[1], words[2])));
      }
      return new Images(places);
    } catch (IOException e) {
      throw new UncheckedIOException("the list of compiled kernels", e);
    }
  }

  boolean isEmpty() {
    return places.isEmpty();
  }

  /** The line of the list for a source of a unit. */
  static String line(KernelUnit unit, int source) {
    String text = unit.sources().get(source).text(KernelSource.Language.CUDA);
    return name(text) + " " + unit.name() + ENDING + " " + KernelUnit.suffix(source);
  }

  private static String name(String text) {
    return ProgramCache.key(text, String.join(" ", Nvrtc.OPTIONS), List.of());
  }

  /** What was made from {@code text}, the whole that the compiler is given; null if nothing was. */
  Image find(String text) {
    Place place = places.isEmpty() ? null : places.get(name(text));
    if (place == null) {
      return null;
    }
    try (InputStream image = Images.class.getResourceAsStream(FOLDER + place.image)) {
      return image == null ? null : new Image(image.readAllBytes(), place.suffix);
    } catch (IOException e) {
      throw new UncheckedIOException("compiled kernels " + place.image, e);
    }
  }
}
