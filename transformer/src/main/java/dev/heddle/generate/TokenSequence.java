package dev.heddle.generate;

import java.util.Arrays;

/**
 * The tokens of one sequence so far, prompt first, and its number among the random draws. Holds all
 * that the next choice depends on besides the logits.
 */
public final class TokenSequence {
  private final int number;
  private final int promptLength;
  private int[] ids;
  private int length;

  /**
   * A sequence that begins with {@code prompt}.
   *
   * @param number which sequence of a generation it is: draws depend on it, and on nothing else of
   *     the batch
   * @param capacity tokens that fit before it has to grow
   */
  public TokenSequence(int number, int[] prompt, int capacity) {
    this.number = number;
    this.promptLength = prompt.length;
    this.ids = Arrays.copyOf(prompt, Math.max(prompt.length, capacity));
    this.length = prompt.length;
  }

  /** Appends a token. */
  public void add(int id) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(16, length + (length >> 1)));
    }
    ids[length++] = id;
  }

  /** The number given. */
  public int number() {
    return number;
  }

  /** Tokens of the prompt. */
  public int promptLength() {
    return promptLength;
  }

  /** Tokens in all. */
  public int length() {
    return length;
  }

  /** Tokens behind the prompt: also the step of the next draw. */
  public int generated() {
    return length - promptLength;
  }

  /** The id at {@code index}, counted from the prompt's first. */
  public int get(int index) {
    return ids[index];
  }

  /** All ids, copied. */
  int[] ids() {
    return Arrays.copyOf(ids, length);
  }

  /** All ids, not copied: of the array the first {@link #length}. */
  int[] array() {
    return ids;
  }

  /** The ids behind the prompt, copied. */
  public int[] generatedIds() {
    return Arrays.copyOfRange(ids, promptLength, length);
  }

  /** Becomes {@code other}'s tokens, of the same prompt, and {@code id}. */
  void become(TokenSequence other, int id) {
    if (ids.length <= other.length) {
      ids = Arrays.copyOf(other.ids, other.length + 1 + (other.length >> 1));
    } else {
      System.arraycopy(other.ids, 0, ids, 0, other.length);
    }
    length = other.length;
    add(id);
  }
}
