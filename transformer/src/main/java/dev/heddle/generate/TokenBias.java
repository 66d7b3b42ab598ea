package dev.heddle.generate;

import java.util.List;

/**
 * What is added to the logit of the last of {@code tokens} while the sequence ends with the others;
 * a single token is always biased.
 *
 * @param tokens one id or more
 * @param bias a finite number, or negative infinity
 */
public record TokenBias(List<Integer> tokens, double bias) {
  /**
   * A bias.
   *
   * @throws GenerationException if there is no token, one is negative, or the bias is NaN or
   *     positive infinity
   */
  public TokenBias {
    tokens = List.copyOf(tokens);
    if (tokens.isEmpty()) {
      throw GenerationException.option("sequence_bias", "for no token", "one token or more");
    }
    tokens.forEach(token -> Ranges.token("sequence_bias", token));
    if (!(bias < Double.POSITIVE_INFINITY)) {
      throw GenerationException.option("a bias in sequence_bias", bias, "a finite number");
    }
  }
}
