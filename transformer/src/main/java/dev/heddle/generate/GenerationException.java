package dev.heddle.generate;

import dev.heddle.backend.HeddleException;

/** An option of generation is out of its range, or no token can follow. */
public final class GenerationException extends HeddleException {
  private static final long serialVersionUID = 1L;

  /** An error with its message. */
  public GenerationException(String message) {
    super(message);
  }

  /** {@code top_k is -3; expected 0 (off) or more}. */
  static GenerationException option(String name, Object value, String expected) {
    return new GenerationException("%s is %s; expected %s".formatted(name, value, expected));
  }
}
