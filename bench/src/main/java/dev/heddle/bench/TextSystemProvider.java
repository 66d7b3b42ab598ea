package dev.heddle.bench;

import java.nio.file.Path;

/** Opens one runtime for a benchmark of generation. */
public interface TextSystemProvider extends SystemProvider {
  /**
   * Loads a model.
   *
   * @param model a folder with the model's files, or one file
   * @throws RuntimeException if that cannot be done; its message tells why
   */
  TextSystem open(Path model, TextSettings settings);
}
