package dev.heddle.cuda;

import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.JCudaVersion;
import jcuda.LibUtils;

/**
 * Loads JCuda's own native libraries. By itself JCuda unpacks them into the temporary folder, where
 * it takes for whole whatever stands there under their names; and where it stands on the module
 * path it does not find them, which lie in other modules. So they are unpacked into a folder that
 * is this process's alone, and JCuda is told for the moment of loading that this is the temporary
 * folder.
 */
final class Natives {
  private static final String TEMPORARY = "java.io.tmpdir";

  private Natives() {}

  /**
   * Initialises {@code type}, whose native library is {@code name}.
   *
   * @param name without version and system: {@code JCudaDriver}
   * @throws IOException if the library is not there, or cannot be unpacked
   */
  static synchronized void load(Class<?> type, String name) throws IOException {
    String file =
        LibUtils.createLibraryFileName(
            LibUtils.createPlatformLibraryName(name + "-" + JCudaVersion.get()));
    // What the JDK itself keeps of the property is settled before it changes.
    Files.delete(File.createTempFile("heddle", null).toPath());
    Path folder = Files.createTempDirectory("heddle-cuda");
    try {
      unpack(type, file, folder);
      initialise(type, folder);
    } finally {
      Files.deleteIfExists(folder.resolve(file));
      delete(folder);
    }
  }

  private static void unpack(Class<?> type, String file, Path folder) throws IOException {
    ClassLoader loader = type.getClassLoader();
    try (InputStream library = loader.getResourceAsStream("lib/" + file)) {
      if (library == null) {
        throw new FileNotFoundException(
            file + ", of org.jcuda's natives, is not on the class path or the module path");
      }
      Files.copy(library, folder.resolve(file));
    }
  }

  private static void initialise(Class<?> type, Path folder) {
    String before = System.getProperty(TEMPORARY);
    try {
      System.setProperty(TEMPORARY, folder.toString());
      MethodHandles.lookup().ensureInitialized(type);
    } catch (IllegalAccessException e) {
      throw new IllegalAccessError("JCuda is closed to this module: " + e.getMessage());
    } finally {
      System.setProperty(TEMPORARY, before);
    }
  }

  private static void delete(Path folder) throws IOException {
    try {
      Files.delete(folder);
    } catch (DirectoryNotEmptyException e) {
      // Somebody asked for the temporary folder in that moment: what is theirs stays.
    }
  }
}
