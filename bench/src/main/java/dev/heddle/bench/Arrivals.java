package dev.heddle.bench;

import java.util.ArrayList;
import java.util.List;

/** Which tokens came and when: the time until every text had its first, and what came after. */
public final class Arrivals {
  private final boolean[] begun;
  private final List<Continuation> continuations = new ArrayList<>();
  private final long start = System.nanoTime();
  private int waiting;
  private long allBegun;
  private long last;
  private int after;

  /** Of {@code texts} texts, from now on. */
  public Arrivals(int texts) {
    begun = new boolean[texts];
    waiting = texts;
    for (int i = 0; i < texts; i++) {
      continuations.add(new Continuation(new ArrayList<>(), new ArrayList<>()));
    }
  }

  /** A token of a text was chosen; from any thread. */
  public synchronized void token(int text, int id, String piece) {
    token(text, piece);
    continuations.get(text).ids().add(id);
  }

  /** The same of a system that does not tell which it is but in letters. */
  public synchronized void token(int text, String piece) {
    last = System.nanoTime();
    if (waiting == 0) {
      after++;
    } else if (!begun[text]) {
      begun[text] = true;
      waiting--;
      allBegun = last;
    }
    continuations.get(text).pieces().add(piece);
  }

  /** What came. */
  synchronized List<Continuation> continuations() {
    return continuations;
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
