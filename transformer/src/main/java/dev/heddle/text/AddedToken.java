package dev.heddle.text;

/**
 * A token that is found in a text before the text is split.
 *
 * @param id its number
 * @param special whether decoding may leave it out
 * @param stripsLeft whether it takes the white space before it
 * @param stripsRight whether it takes the white space after it
 */
record AddedToken(int id, boolean special, boolean stripsLeft, boolean stripsRight) {}
