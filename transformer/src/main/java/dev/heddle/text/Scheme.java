package dev.heddle.text;

import java.util.List;

/** How a text is split into tokens of a {@link Vocabulary}. */
sealed interface Scheme {
  /** No token has this number. */
  int NONE = -1;

  /**
   * SentencePiece's byte-pair encoding: of neighbours that make a token, those with the best one
   * are merged first. Spaces are written as {@code ▁}, bytes without a token as {@code <0x0A>}.
   *
   * @param scores of each token, the greater the better
   * @param unknown the token for what no token is for, or {@link #NONE}
   * @param spacePrefix whether a space is put before a text
   */
  record SentencePiece(float[] scores, int unknown, boolean spacePrefix) implements Scheme {}

  /**
   * Byte-pair encoding with merges in order, over spaces that are written as {@code ▁}; bytes as in
   * {@link SentencePiece}.
   *
   * @param merges two tokens with a space between, the first merged first
   */
  record SpacedPairs(List<String> merges, int unknown) implements Scheme {}

  /**
   * GPT-2's byte-level byte-pair encoding: a character for each byte.
   *
   * @param merges as in {@link SpacedPairs}
   */
  record BytePairs(PreTokenizer preTokenizer, List<String> merges) implements Scheme {}

  /**
   * BERT's: words, then of each word the longest beginning that is a token, and so on; what goes on
   * within a word is spelled with {@code ##} before it.
   */
  record WordPiece(int unknown, boolean lowercase, boolean stripAccents) implements Scheme {}

  /**
   * SentencePiece's unigram model: the likeliest tokens.
   *
   * @param scores of each token, logarithms of probabilities
   * @param charsMap SentencePiece's compiled normalisation, or empty; see {@link CharsMap}
   * @param spacePrefix whether a space is put before a text
   * @param mergesSpaces whether spaces at the ends go, and others become one
   */
  record Unigram(
      float[] scores, int unknown, byte[] charsMap, boolean spacePrefix, boolean mergesSpaces)
      implements Scheme {}
}
