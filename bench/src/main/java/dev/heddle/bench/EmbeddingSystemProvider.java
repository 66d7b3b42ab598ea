package dev.heddle.bench;

import java.nio.file.Path;

/** Opens one runtime for a benchmark; found by {@link java.util.ServiceLoader}. */
public interface EmbeddingSystemProvider {
  /** The name that {@code --peers} takes. */
  String name();

  /**
   * Loads a model.
   *
   * @param model a folder with the model's files, or one file
   */
  EmbeddingSystem open(Path model, Settings settings);
}
