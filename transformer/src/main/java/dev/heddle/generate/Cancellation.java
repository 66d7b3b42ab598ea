package dev.heddle.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * Ends generations from any thread: each stops before its next step, a step of its prompt or of a
 * beam search too, and gives back what there is. What was cancelled stays so.
 */
public final class Cancellation {
  private final List<Runnable> told = new ArrayList<>();
  private volatile boolean cancelled;

  /** Nothing is cancelled yet. */
  public Cancellation() {}

  /** Asks the generations that were given this to end. */
  public void cancel() {
    List<Runnable> now;
    synchronized (told) {
      cancelled = true;
      now = List.copyOf(told);
      told.clear();
    }
    now.forEach(Runnable::run);
  }

  /** Whether {@link #cancel} was called. */
  public boolean isCancelled() {
    return cancelled;
  }

  /** Runs {@code each} when this is cancelled, on the thread that does; at once if it has been. */
  void tell(Runnable each) {
    synchronized (told) {
      if (!cancelled) {
        told.add(each);
        return;
      }
    }
    each.run();
  }

  /** The same object as was given to {@link #tell} need not be told any more. */
  void forget(Runnable each) {
    synchronized (told) {
      told.remove(each);
    }
  }
}
