package dev.heddle.generate;

/**
 * How well a decoder foresees a text.
 *
 * @param tokens tokens of the text
 * @param scored those whose probability was taken: of every window all but the first, each token
 *     once
 * @param nats the sum of the negative logarithms of their probabilities
 */
public record Perplexity(int tokens, int scored, double nats) {
  /** The mean over the scored tokens. */
  public double natsPerToken() {
    return nats / scored;
  }

  /** {@code e} to the power of {@link #natsPerToken}. */
  public double perplexity() {
    return Math.exp(natsPerToken());
  }

  /**
   * Bits for each byte of the text, as if all tokens cost what the scored ones do: it compares
   * models of different vocabularies.
   *
   * @param bytes of the text, in UTF-8
   */
  public double bitsPerByte(long bytes) {
    return natsPerToken() / Math.log(2) * tokens / bytes;
  }
}
