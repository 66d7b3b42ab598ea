package dev.heddle.generate;

/**
 * Ends a generation from any thread: it stops before its next step, a step of its prompt or of a
 * beam search too, and gives back what there is. What was cancelled stays so.
 */
public final class Cancellation {
  private volatile boolean cancelled;

  /** Nothing is cancelled yet. */
  public Cancellation() {}

  /** Asks the generations that were given this to end. */
  public void cancel() {
    cancelled = true;
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled;
  }
}
