package dev.heddle.generate;

/**
 * A finished sequence of a beam search.
 *
 * @param ids the tokens behind the prompt, with the end token that ended them
 * @param score the sum of log-probabilities, divided by the length to the power of the penalty
 * @param stopped why it ended
 */
public record Hypothesis(int[] ids, double score, StopReason stopped) {}
