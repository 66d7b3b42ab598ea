package dev.heddle.generate;

import java.util.Locale;

/** Why a sequence ended. */
public enum StopReason {
  /** A token that ends sequences was produced; it is the last of the ids. */
  EOS,
  /** As many tokens as were asked for, or as the context holds. */
  LENGTH,
  /** The text held a stop string. */
  STOP_STRING,
  /** The caller cancelled. */
  CANCELLED,
  /** The request's deadline passed. */
  DEADLINE,
  /** The engine or the generator was closed. */
  CLOSED;

  /** As it stands in answers: {@code stop_string}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
