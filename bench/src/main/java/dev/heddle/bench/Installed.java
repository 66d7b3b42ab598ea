package dev.heddle.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where this command runs from: a clone of the sources, or a bundle. */
public final class Installed {
  /** The system property that names the folder of an unpacked bundle. */
  public static final String BUNDLE = "heddle.bundle";

  /** The system property that names the folder of a clone's command. */
  private static final String DIST = "heddle.dist";

  /** Reference data of small models, in a clone. */
  private static final String DATA = "transformer/src/test/data";

  private Installed() {}

  /** The folder of this bundle; null where the command runs from a clone. */
  public static Path bundle() {
    String bundle = System.getProperty(BUNDLE);
    return bundle == null ? null : Path.of(bundle);
  }

  /** The folder of the sources; null where the command does not run from a clone. */
  public static Path sources() {
    String dist = System.getProperty(DIST);
    Path folder = dist == null ? null : Path.of(dist).toAbsolutePath().normalize();
    while (folder != null && !Files.isDirectory(folder.resolve(DATA))) {
      folder = folder.getParent();
    }
    return folder;
  }

  /** Which sources it was built from. */
  public static Revision revision() {
    if (bundle() != null) {
      return Revision.read(bundle());
    }
    return Revision.of(sources() == null ? Path.of("") : sources());
  }

  /** The jars that a clone's command runs. */
  public static Path jars() {
    return Path.of(System.getProperty(DIST), "lib");
  }

  /** Reference data of small models among these sources. */
  public static Path fixtures(Path sources) {
    return sources.resolve(DATA).resolve("hf");
  }

  /** Folders of reference data, as {@code heddle verify} takes them; none where there are none. */
  public static List<Path> fixtures() {
    if (bundle() != null) {
      return List.of(bundle().resolve("fixtures/hf"));
    }
    return sources() == null ? List.of() : List.of(fixtures(sources()));
  }
}
