package dev.heddle.model;

import java.util.Locale;

/** Who attends to whom. */
public enum AttentionKind {
  /** The tokens of a text that is read, to one another. */
  ENCODER,
  /** The tokens of a text that is written, to those before them. */
  DECODER,
  /** The tokens of a text that is written, to those of the text that an encoder has read. */
  CROSS;

  /** As the command and JSON spell it: {@code cross}. */
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }
}
