package dev.heddle.bench;

/** When tokens came: the time until every text had its first, and what came after that. */
public final class Arrivals {
  private final boolean[] begun;
  private final long start = System.nanoTime();
  private int waiting;
  private long allBegun;
  private long last;
  private int after;

  /** Of {@code texts} texts, from now on. */
  public Arrivals(int texts) {
    begun = new boolean[texts];
    waiting = texts;
  }

  /** A token of a text was chosen; from any thread. */
  public synchronized void token(int text) {
    last = System.nanoTime();
    if (waiting == 0) {
      after++;
    } else if (!begun[text]) {
      begun[text] = true;
      waiting--;
      allBegun = last;
    }
  }

  /**
   * What was measured.
   *
   * @param promptTokens tokens of all prompts
   * @throws IllegalStateException if a text has no token
   */
  synchronized TextTiming timing(int promptTokens) {
    if (waiting > 0) {
      throw new IllegalStateException(waiting + " texts were given no token");
    }
    return new TextTiming(promptTokens, allBegun - start, after, last - allBegun);
  }
}
