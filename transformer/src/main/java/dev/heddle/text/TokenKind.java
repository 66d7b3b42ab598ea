package dev.heddle.text;

/** What a token of a GGUF vocabulary is, in the order of their numbers there. */
enum TokenKind {
  UNDEFINED,
  NORMAL,
  UNKNOWN,
  CONTROL,
  USER_DEFINED,
  UNUSED,
  BYTE;

  private static final TokenKind[] ALL = values();

  /** By its number; what has none is undefined. */
  static TokenKind of(long number) {
    return number > 0 && number < ALL.length ? ALL[(int) number] : UNDEFINED;
  }

  /** Whether texts are searched for it before they are split. */
  boolean isAdded() {
    return this == UNKNOWN || this == CONTROL || this == USER_DEFINED;
  }

  /** Whether decoding may leave it out. */
  boolean isSpecial() {
    return this == UNKNOWN || this == CONTROL;
  }
}
