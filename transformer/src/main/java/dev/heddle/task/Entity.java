package dev.heddle.task;

/**
 * A part of a text that has a label.
 *
 * @param label without {@code B-} and {@code I-}
 * @param text as it stands in the text
 * @param start the index of its first char in the text
 * @param end the index behind its last char
 * @param score the mean of its tokens' probabilities
 */
public record Entity(String label, String text, int start, int end, double score) {}
