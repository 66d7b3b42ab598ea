package dev.heddle.bench;

import java.nio.file.Path;

/** Opens one runtime for a benchmark of embedding. */
public interface EmbeddingSystemProvider extends SystemProvider {
  /**
   * Loads a model.
   *
   * @param model a folder with the model's files, or one file
   * @throws RuntimeException if that cannot be done; its message tells why
   */
  EmbeddingSystem open(Path model, Settings settings);
}
