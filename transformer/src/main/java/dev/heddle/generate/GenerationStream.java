package dev.heddle.generate;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A generation whose tokens are made as they are asked for, on the thread that asks.
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
 * <p>It may go from thread to thread; one asks at a time. From its first token until it is read to
 * its end or closed no other generation of the generator runs: close what is not read to its end.
 * Beams are no tokens until the search is over: of them there is the {@link #result} alone.
 */
public final class GenerationStream implements Iterator<GenerationStream.Token>, AutoCloseable {
  private final Cancellation cancellation;
  private final Function<GenerationStream, GenerationRun> start;
  private final Deque<Token> made = new ArrayDeque<>();
  private GenerationRun run;
  private Generation result;
  private boolean ended;

  /**
   * A token.
   *
   * @param sequence which of the sequences it continues, from 0
   * @param id the token
   * @param text the text that can be shown now, as {@link TokenListener#token} says
   */
  public record Token(int sequence, int id, String text) {}

  /**
   * A stream of what {@code start} begins, when the first token is asked for.
   *
   * @param cancellation that of the generation
   */
  GenerationStream(Cancellation cancellation, Function<GenerationStream, GenerationRun> start) {
    this.cancellation = cancellation;
    this.start = start;
  }

  /** The listener of the generation. */
  boolean take(int sequence, int id, String text) {
    return made.add(new Token(sequence, id, text));
  }

  /**
   * Runs a step if that is what it takes.
   *
   * @throws KvCacheFullException if the cache is too small
   * @throws dev.heddle.backend.RunInterruptedException if the thread is interrupted; the generation
   *     has ended then, as after any other exception
   */
  @Override
  public synchronized boolean hasNext() {
    while (made.isEmpty() && !ended) {
      step();
    }
    return !made.isEmpty();
  }

  private void step() {
    try {
      if (run == null) {
        run = start.apply(this);
      } else {
        run.step();
      }
      if (!run.goesOn()) {
        end();
      }
    } catch (RuntimeException | Error e) {
      end();
      throw e;
    }
  }

  private void end() {
    ended = true;
    if (run != null) {
      try (GenerationRun ending = run) {
        result = ending.result();
      }
    }
  }

  /** The next token, made if it has not been. */
  @Override
  public Token next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the generation has ended");
    }
    return made.remove();
  }

  /** The tokens left, as a stream; closing that closes this. */
  public Stream<Token> tokens() {
    Spliterator<Token> each =
        Spliterators.spliteratorUnknownSize(this, Spliterator.ORDERED | Spliterator.NONNULL);
    return StreamSupport.stream(each, false).onClose(this::close);
  }

  /**
   * What came of it: runs the rest if it has not ended. Of one that was closed, what there was
   * until then.
   *
   * @throws IllegalStateException if it was closed, or failed, before its first token
   */
  public synchronized Generation result() {
    while (!ended) {
      step();
    }
    if (result == null) {
      throw new IllegalStateException("the generation ended before it began");
    }
    return result;
  }

  /** Ends the generation if it goes on. From another thread, too: then within a step. */
  @Override
  public void close() {
    cancellation.cancel();
    synchronized (this) {
      made.clear();
      if (!ended) {
        end();
      }
    }
  }
}
