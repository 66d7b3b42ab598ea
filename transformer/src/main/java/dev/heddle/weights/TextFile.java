package dev.heddle.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads files that are small enough to be held whole. */
final class TextFile {
  private TextFile() {}

  /**
   * All of {@code file}.
   *
   * @throws WeightFileException if it is missing, no regular file, or longer than {@code longest}
   */
  static byte[] bytes(Path file, long longest) {
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw WeightFileException.of(file, "is not a regular file");
      }
      long bytes = Files.size(file);
      if (bytes > longest) {
        throw WeightFileException.of(
            file, "has %d bytes; at most %d are read".formatted(bytes, longest));
      }
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw WeightFileException.of(file, "there is no such file", e);
    } catch (IOException e) {
      throw WeightFileException.of(file, "cannot be read: " + e, e);
    }
  }
}
