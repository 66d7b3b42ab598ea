package dev.heddle.task;

/**
 * How answers are looked for, by the names of transformers' pipeline.
 *
 * @param count answers wanted: {@code top_k}
 * @param maxTokens of an answer: {@code max_answer_len}
 * @param mayBeNone whether "no answer" is one: {@code handle_impossible_answer}
 * @param windowTokens of a window, the question's included: {@code max_seq_len}; 0 for what the
 *     model takes, up to 384
 * @param overlap tokens of the text that two windows share: {@code doc_stride}; 0 for half a
 *     window, up to 128
 */
public record AnswerOptions(
    int count, int maxTokens, boolean mayBeNone, int windowTokens, int overlap) {
  /** The best one, of 15 tokens at most, from the text. */
  public static final AnswerOptions DEFAULT = new AnswerOptions(1, 15, false, 0, 0);

  public AnswerOptions {
    if (count < 1 || maxTokens < 1 || windowTokens < 0 || overlap < 0) {
      throw new IllegalArgumentException(
          "count %d, maxTokens %d, windowTokens %d, overlap %d; expected 1, 1, 0, 0 or more"
              .formatted(count, maxTokens, windowTokens, overlap));
    }
  }
}
