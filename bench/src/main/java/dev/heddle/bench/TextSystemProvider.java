package dev.heddle.bench;

import java.nio.file.Path;

/** Opens one runtime for a benchmark of generation; found by {@link java.util.ServiceLoader}. */
public interface TextSystemProvider {
  /** The name that {@code --peers} takes. */
  String name();

  /**
   * Loads a model.
   *
   * @param model a folder with the model's files, or one file
   * @throws RuntimeException if that cannot be done; its message tells why
   */
  TextSystem open(Path model, TextSettings settings);
}
