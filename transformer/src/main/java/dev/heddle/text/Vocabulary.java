package dev.heddle.text;

import java.util.List;

/**
 * A vocabulary and how texts are split into its tokens, whatever kind of file it comes from.
 *
 * @param source where it comes from, for errors
 * @param tokens the spelling of each token, by its number; none empty, none twice
 * @param scheme how a text is split
 * @param added tokens that are found before that
 * @param before numbers of the tokens that begin an encoded text
 * @param after numbers of the tokens that end it
 */
record Vocabulary(
    String source,
    List<String> tokens,
    Scheme scheme,
    List<AddedToken> added,
    List<Integer> before,
    List<Integer> after) {

  /** The tokenizer that this describes. */
  Tokenizer tokenizer() {
    return Tokenizer.load(VocabularyJson.write(this), source);
  }
}
