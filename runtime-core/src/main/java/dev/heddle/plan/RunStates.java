package dev.heddle.plan;

import dev.heddle.backend.RunInterruptedException;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The run states of a program: at most so many, made when first needed, lent to one caller each.
 * Further callers wait in the order they came.
 *
 * @param <S> what a state is
 */
public final class RunStates<S> implements AutoCloseable {
  private final String program;
  private final int limit;
  private final Supplier<S> maker;
  private final Consumer<S> ender;
  private final Semaphore permits;
  private final ArrayDeque<S> idle;
  private volatile boolean closed;

  /** None yet; {@code maker} makes one, {@code ender} takes those that are done with. */
  public RunStates(String program, int limit, Supplier<S> maker, Consumer<S> ender) {
    this.program = program;
    this.limit = limit;
    this.maker = maker;
    this.ender = ender;
    this.permits = new Semaphore(limit, true);
    this.idle = new ArrayDeque<>(limit);
  }

  /**
   * A state for one run, to be given back.
   *
   * @throws RunInterruptedException if the thread is interrupted; it stays so
   * @throws IllegalStateException after {@link #close()}
   */
  public S lend() {
    try {
      permits.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RunInterruptedException("interrupted before " + program + " ran");
    }
    try {
      if (closed) {
        throw new IllegalStateException("the program of " + program + " was closed");
      }
      synchronized (idle) {
        if (!idle.isEmpty()) {
          return idle.pop();
        }
      }
      return maker.get();
    } catch (RuntimeException | Error e) {
      permits.release();
      throw e;
    }
  }

  /** Ends a loan. */
  public void giveBack(S state) {
    synchronized (idle) {
      idle.push(state);
    }
    permits.release();
  }

  /** Waits for the runs in flight; those that wait for their turn are refused. */
  @Override
  public void close() {
    closed = true;
    permits.acquireUninterruptibly(limit);
    while (!idle.isEmpty()) {
      ender.accept(idle.pop());
    }
    permits.release(limit);
  }
}
