package dev.heddle.generate;

import dev.heddle.backend.RunInterruptedException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Whose generation runs: one at a time, in the order they ask. */
final class Turn {
  /** How often one that waits looks whether it is still wanted. */
  private static final long LOOK_MILLIS = 20;

  private final Deque<Object> waiting = new ArrayDeque<>();
  private boolean taken;
  private Thread holder;

  /**
   * Waits for it.
   *
   * @return false if it was cancelled before
   * @throws IllegalStateException if this thread has it: it would wait forever
   * @throws RunInterruptedException if the thread is interrupted
   */
  synchronized boolean take(Cancellation cancellation) {
    refuseTwice();
    Object place = new Object();
    waiting.add(place);
    try {
      while (taken || waiting.peek() != place) {
        if (cancellation.isCancelled()) {
          return false;
        }
        wait(LOOK_MILLIS);
      }
      if (cancellation.isCancelled()) {
        return false;
      }
      taken = true;
      holder = Thread.currentThread();
      return true;
    } catch (InterruptedException e) {
      throw new RunInterruptedException("interrupted while another generation was running");
    } finally {
      waiting.remove(place);
      notifyAll();
    }
  }

  /** Waits for it, interrupted or not. */
  void takeForGood() {
    boolean interrupted = false;
    boolean mine = false;
    while (!mine) {
      try {
        mine = take(new Cancellation());
      } catch (RunInterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void refuseTwice() {
    if (holder == Thread.currentThread()) {
      throw new IllegalStateException(
          "this thread has begun a generation that has not ended, and one runs at a time."
              + " A stream ends when it is read to its end, or closed");
    }
  }

  /** This thread goes on with what has the turn. */
  synchronized void pass() {
    holder = Thread.currentThread();
  }

  /** Gives it to the next; any thread may. */
  synchronized void give() {
    taken = false;
    holder = null;
    notifyAll();
  }
}
