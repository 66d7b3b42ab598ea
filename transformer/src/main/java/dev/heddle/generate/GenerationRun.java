package dev.heddle.generate;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/** A generation on its way, step by step, and the time it takes. It has the turn until closed. */
final class GenerationRun implements AutoCloseable {
  private final Turn turn;
  private final Cancellation cancellation;
  private final int promptTokens;
  private final Continuation continuation;
  private long prefill;
  private long decode;
  private boolean ended;

  /**
   * Waits for the turn, takes in the prompt and chooses the first token.
   *
   * @param start makes the continuation
   */
  GenerationRun(
      Turn turn, Cancellation cancellation, int promptTokens, Supplier<Continuation> start) {
    this.turn = turn;
    this.cancellation = cancellation;
    this.promptTokens = promptTokens;
    if (!turn.take(cancellation)) {
      continuation = null;
      ended = true;
      return;
    }
    Continuation made = null;
    try {
      long before = System.nanoTime();
      made = start.get();
      continuation = made;
      step();
      prefill = System.nanoTime() - before;
      decode = 0;
    } catch (RuntimeException | Error e) {
      if (made != null) {
        made.close();
      }
      turn.give();
      throw e;
    }
  }

  /** False once it has ended, for whatever reason. */
  boolean goesOn() {
    return !ended;
  }

  /** Goes one token further. */
  void step() {
    turn.pass();
    if (cancellation.isCancelled()) {
      continuation.cancel();
      ended = true;
    } else {
      long before = System.nanoTime();
      ended = !continuation.step();
      decode += System.nanoTime() - before;
    }
  }

  /** What there is; ends it if it goes on. */
  Generation result() {
    if (continuation == null) {
      return new Generation(
          promptTokens, 0, List.of(GeneratedSequence.NONE), Duration.ZERO, Duration.ZERO);
    }
    if (!ended) {
      continuation.cancel();
      ended = true;
    }
    return new Generation(
        promptTokens,
        continuation.cachedTokens(),
        continuation.results(),
        Duration.ofNanos(prefill),
        Duration.ofNanos(decode));
  }

  @Override
  public void close() {
    if (continuation != null) {
      try {
        continuation.close();
      } finally {
        turn.give();
      }
    }
  }
}
