package dev.heddle.cli;

/** What was said so far, as a model takes it. */
interface Conversation {
  /** The tokens of all so far with {@code line} behind it; nothing is kept of it yet. */
  int[] prompt(String line);

  /** Keeps what was asked and what came. */
  void answered(int[] prompt, int[] ids, String text);

  /**
   * Forgets the oldest part.
   *
   * @return false if nothing is left to forget
   */
  boolean shorten();

  /** Forgets everything. */
  void reset();

  /** Tokens so far. */
  int tokens();
}
