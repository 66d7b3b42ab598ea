package dev.heddle.task;

/** How labels of tokens become labels of words, by the names of transformers' pipeline. */
public enum Aggregation {
  /** Tokens are joined as they are: a word may be torn. */
  SIMPLE,
  /** A word has its first token's label. */
  FIRST,
  /** A word has the label whose probability, the mean of its tokens', is the largest. */
  AVERAGE,
  /** A word has the label of the token that is surest of its own. */
  MAX
}
