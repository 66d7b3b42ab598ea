package dev.heddle.task;

/**
 * A text in the order of how well it goes with another.
 *
 * @param index which of the texts given, from 0
 * @param text the text
 * @param score how well, more is better
 */
public record Ranked(int index, String text, double score) {}
