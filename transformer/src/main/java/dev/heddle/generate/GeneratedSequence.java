package dev.heddle.generate;

import java.util.OptionalDouble;

/**
 * A continuation of a prompt.
 *
 * @param ids the new tokens, with the end token that ended them
 * @param text their text without special tokens, up to a stop string; null where the model has no
 *     tokenizer
 * @param score of a beam: the sum of log-probabilities over the length to the power of the penalty
 * @param logProbabilities of each token before temperature and filters; null if not asked for
 * @param stopped why it ended
 */
public record GeneratedSequence(
    int[] ids, String text, OptionalDouble score, double[] logProbabilities, StopReason stopped) {
  /** Of a generation that was ended before it began. */
  static GeneratedSequence none(StopReason reason) {
    return new GeneratedSequence(new int[0], "", OptionalDouble.empty(), null, reason);
  }
}
