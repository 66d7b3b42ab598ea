package dev.heddle.generate;

import dev.heddle.backend.HeddleException;
import dev.heddle.backend.RunInterruptedException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The tokens of a generation, read as they come.
 *
 * {@snippet :
 * try (GenerationStream tokens = generator.stream("ROMEO:\n", options)) {
 *   while (tokens.hasNext()) {
 *     System.out.print(tokens.next().text());
 *   }
 *   System.out.println(tokens.result().first().stopped());
 * }
 * }
 *
 * <p>It may go from thread to thread; one reads at a time. The generation runs ahead of its reader
 * by a bounded number of tokens and then waits, while others go on: close what is not read to its
 * end. Beams are no tokens until the search is over: of them there is the {@link #result} alone.
 */
public final class GenerationStream implements Iterator<GenerationStream.Token>, AutoCloseable {
  private final RequestQueue queue;
  private final Supplier<TextStream> texts;

  /** What may cancel it besides; or null. */
  private final Cancellation cancellation;

  /** Tokens that wait for their reader; beyond that the generation does. 0: nobody reads them. */
  private final int ahead;

  // What waits, a ring.
  private int[] ids = {};
  private int[] owners = {};
  private String[] shown = {};
  private boolean[] lasts = {};
  private int head;
  private int waiting;

  /** By sequence, tokens read, and their text where it is made here. */
  private final int[] read;

  private final TextStream[] text;

  private volatile boolean full;
  private volatile boolean cancelled;
  private boolean reading;
  private boolean ended;
  private Supplier<Generation> outcome;
  private Generation result;
  private Throwable failure;

  /**
   * A token.
   *
   * @param sequence which of the sequences it continues, from 0
   * @param id the token
   * @param text the text that can be shown now, as {@link TokenListener#token} says
   */
  public record Token(int sequence, int id, String text) {}

  /**
   * A stream that nothing has been put into.
   *
   * @param texts makes the text of a sequence as it comes; null for none
   * @param ahead tokens that may wait to be read; 0 if the result alone is wanted
   * @param cancellation what may cancel it besides, whoever tells it of that; or null
   */
  GenerationStream(
      RequestQueue queue,
      Supplier<TextStream> texts,
      int sequences,
      int ahead,
      Cancellation cancellation) {
    this.cancellation = cancellation;
    this.queue = queue;
    this.texts = texts;
    this.ahead = ahead;
    this.reading = ahead > 0;
    this.read = new int[sequences];
    this.text = new TextStream[sequences];
  }

  // The engine's side.

  /**
   * A token was chosen.
   *
   * @param known the text that can be shown now; null if it is to be made of the id
   * @param last whether the sequence ends with it
   */
  synchronized void put(int sequence, int id, String known, boolean last) {
    if (!reading || cancelled) {
      return;
    }
    if (waiting == ids.length) {
      grow();
    }
    int at = (head + waiting++) % ids.length;
    ids[at] = id;
    owners[at] = sequence;
    shown[at] = known;
    lasts[at] = last;
    full = waiting >= ahead;
    notifyAll();
  }

  private void grow() {
    int length = Math.max(16, 2 * ids.length);
    int[] order = new int[waiting];
    Arrays.setAll(order, i -> (head + i) % ids.length);
    int[] nextIds = new int[length];
    int[] nextOwners = new int[length];
    String[] nextShown = new String[length];
    boolean[] nextLasts = new boolean[length];
    for (int i = 0; i < waiting; i++) {
      nextIds[i] = ids[order[i]];
      nextOwners[i] = owners[order[i]];
      nextShown[i] = shown[order[i]];
      nextLasts[i] = lasts[order[i]];
    }
    ids = nextIds;
    owners = nextOwners;
    shown = nextShown;
    lasts = nextLasts;
    head = 0;
  }

  /** Whether the reader has to read before more is made. */
  boolean isFull() {
    return full;
  }

  /** Whether it is to end before its end. */
  boolean isCancelled() {
    return cancelled;
  }

  /** It has ended; {@code what} came of it is asked for once, by whoever wants to know. */
  synchronized void end(Supplier<Generation> what) {
    ended = true;
    outcome = what;
    notifyAll();
  }

  /** It has failed. */
  synchronized void fail(Throwable reason) {
    ended = true;
    failure = reason;
    notifyAll();
  }

  /** Tokens that were read, by sequence; null if all that there is counts. */
  int[] seen() {
    return reading && cancelled ? read : null;
  }

  // The reader's.

  /**
   * Waits for a token, or the end.
   *
   * @throws HeddleException if the generation has failed; the tokens before come first
   * @throws RunInterruptedException if the thread is interrupted; that ends the generation
   */
  @Override
  public synchronized boolean hasNext() {
    heed();
    while (waiting == 0 && !ended && !cancelled) {
      await();
    }
    if (waiting > 0) {
      return true;
    }
    if (failure != null) {
      throw failed();
    }
    return false;
  }

  /** It may have ended before it was cancelled, and not been read. */
  private void heed() {
    if (cancellation != null && cancellation.isCancelled()) {
      cancel();
    }
  }

  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      cancel();
      Thread.currentThread().interrupt();
      throw new RunInterruptedException("interrupted while tokens were awaited");
    }
  }

  /** The next token. */
  @Override
  public Token next() {
    Token token;
    boolean wakes;
    synchronized (this) {
      if (!hasNext()) {
        throw new NoSuchElementException("the generation has ended");
      }
      token = take();
      wakes = full && waiting <= ahead / 2;
      full &= !wakes;
    }
    if (wakes) {
      queue.wake();
    }
    return token;
  }

  private Token take() {
    int at = head;
    head = (head + 1) % ids.length;
    waiting--;
    int sequence = owners[at];
    read[sequence]++;
    String known = shown[at];
    shown[at] = null;
    if (known == null) {
      known = texts == null ? "" : made(sequence, ids[at], lasts[at]);
    }
    return new Token(sequence, ids[at], known);
  }

  private String made(int sequence, int id, boolean last) {
    if (text[sequence] == null) {
      text[sequence] = texts.get();
    }
    String known = text[sequence].add(id);
    return last ? known + text[sequence].finish() : known;
  }

  /** The tokens left, as a stream; closing that closes this. */
  public Stream<Token> tokens() {
    Spliterator<Token> each =
        Spliterators.spliteratorUnknownSize(this, Spliterator.ORDERED | Spliterator.NONNULL);
    return StreamSupport.stream(each, false).onClose(this::close);
  }

  /**
   * What came of it, once it has ended: whoever asks reads no more tokens. Of one that was closed,
   * what was read until then.
   *
   * @throws HeddleException if it has failed
   * @throws RunInterruptedException if the thread is interrupted; that ends the generation
   */
  public Generation result() {
    heed();
    drain();
    synchronized (this) {
      while (!ended) {
        await();
      }
      if (failure != null) {
        throw failed();
      }
      if (result == null) {
        result = outcome.get();
        outcome = null;
      }
      return result;
    }
  }

  /** From here on nobody reads. */
  private void drain() {
    synchronized (this) {
      if (ended || cancelled) {
        return;
      }
      reading = false;
      waiting = 0;
      full = false;
    }
    queue.wake();
  }

  private RuntimeException failed() {
    if (failure instanceof Error error) {
      throw error;
    }
    return (RuntimeException) failure;
  }

  /** Ends the generation if it goes on: within a step. Any thread may. */
  @Override
  public void close() {
    cancel();
  }

  /** Cancels it, if it goes on or has not been read to its end. */
  void cancel() {
    synchronized (this) {
      if (cancelled || ended && waiting == 0) {
        return;
      }
      cancelled = true;
      waiting = 0;
      notifyAll();
    }
    queue.wake();
  }
}
