package dev.heddle.bench;

/**
 * One measured call.
 *
 * @param promptTokens tokens of all prompts
 * @param promptNanos until every text had its first token
 * @param newTokens tokens that came after that, of all texts
 * @param newNanos the time they took; 0 where there were none
 */
record TextTiming(int promptTokens, long promptNanos, int newTokens, long newNanos) {
  double promptTokensPerSecond() {
    return promptTokens * 1e9 / promptNanos;
  }

  /** 0 where nothing but first tokens came. */
  double newTokensPerSecond() {
    return newTokens == 0 ? 0 : newTokens * 1e9 / newNanos;
  }

  /** Of a step that gives each of {@code texts} one token more; 0 where there was none. */
  double stepSeconds(int texts) {
    return newTokens == 0 ? 0 : newNanos * 1e-9 * texts / newTokens;
  }
}
