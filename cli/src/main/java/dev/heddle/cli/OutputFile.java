package dev.heddle.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** A file that a verb will write. */
public final class OutputFile {
  private OutputFile() {}

  /** Refuses, before anything is computed, a file that no folder will hold. */
  public static void check(String option, Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new BadInputException("%s %s: there is no folder %s".formatted(option, file, folder));
    }
    if (Files.isDirectory(file)) {
      throw new BadInputException("%s %s: is a folder; name a file".formatted(option, file));
    }
    if (!Files.isWritable(Files.exists(file) ? file : folder)) {
      throw new BadInputException("%s %s: may not be written here".formatted(option, file));
    }
  }
}
