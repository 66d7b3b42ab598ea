package dev.heddle.task;

/**
 * An answer that stands in a text.
 *
 * @param text as it stands there; empty for none
 * @param start the index of its first char in the text
 * @param end the index behind its last char
 * @param score its probability among all spans of the window that it was found in
 */
public record Answer(String text, int start, int end, double score) {
  /** Whether it says that the text has no answer. */
  public boolean isNone() {
    return text.isEmpty();
  }
}
