package dev.heddle.generate;

import java.time.Duration;
import java.util.List;

/**
 * What a prompt was continued by.
 *
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that {@link Generator.Builder#keepPrefix} spared
 * @param sequences the continuations, of beams the best first
 * @param prefill time until the first token was chosen
 * @param decode time from then on
 */
public record Generation(
    int promptTokens,
    int cachedTokens,
    List<GeneratedSequence> sequences,
    Duration prefill,
    Duration decode) {
  public Generation {
    sequences = List.copyOf(sequences);
  }

  /** The first continuation. */
  public GeneratedSequence first() {
    return sequences.getFirst();
  }

  /** The first continuation's text. */
  public String text() {
    return first().text();
  }

  /** New tokens a second, of all sequences, the first token's time left out; 0 for one token. */
  public double tokensPerSecond() {
    long tokens = sequences.stream().mapToLong(sequence -> sequence.ids().length - 1L).sum();
    double seconds = decode.toNanos() / 1e9;
    return tokens <= 0 || seconds == 0 ? 0 : tokens / seconds;
  }
}
