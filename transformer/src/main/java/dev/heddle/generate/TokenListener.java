package dev.heddle.generate;

/** Is told of tokens as they are chosen. */
@FunctionalInterface
public interface TokenListener {
  /**
   * A token was chosen.
   *
   * @param sequence which of the sequences, from 0
   * @param id the token
   * @param text the text that can be shown now, often none: never part of a character, nor of what
   *     may become a stop string. The last token's holds all the rest
   * @return false to cancel the generation
   */
  boolean token(int sequence, int id, String text);
}
