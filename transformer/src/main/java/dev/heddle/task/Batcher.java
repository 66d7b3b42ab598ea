package dev.heddle.task;

import dev.heddle.backend.RunInterruptedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Runs what concurrent callers hand in, one run at a time: what comes while a run is in flight goes
 * together in the next. Who comes first runs at once, on the own thread; a caller who is alone
 * waits for nothing. There is no thread of its own: of those who wait one runs for all.
 *
 * <p>A run's results do not depend on what else is in it.
 */
final class Batcher {
  /** What a run costs. */
  interface Cost {
    /** Of so many texts, of so many tokens together, of the longest's tokens. */
    long of(int count, long tokens, int longest);
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Part> waiting = new ArrayDeque<>();
  private final Function<List<TokenIds>, float[][]> run;
  private final Cost cost;
  private final long budget;
  private boolean running;

  /** What one caller has handed in, and what came of it. */
  private static final class Part {
    private final List<TokenIds> texts;
    private final long tokens;
    private final int longest;
    private float[][] rows;
    private Throwable failure;

    private Part(List<TokenIds> texts) {
      this.texts = texts;
      this.tokens = texts.stream().mapToLong(TokenIds::size).sum();
      this.longest = texts.stream().mapToInt(TokenIds::size).max().orElse(0);
    }

    private boolean isDone() {
      return rows != null || failure != null;
    }

    private float[][] result() {
      switch (failure) {
        case null -> {
          return rows;
        }
        case Error error -> throw error;
        default -> throw (RuntimeException) failure;
      }
    }
  }

  /**
   * A batcher.
   *
   * @param run gives a row for each text
   * @param budget what the texts of several callers may cost together
   */
  Batcher(Function<List<TokenIds>, float[][]> run, Cost cost, long budget) {
    this.run = run;
    this.cost = cost;
    this.budget = budget;
  }

  /**
   * A row for each of {@code texts}.
   *
   * @throws RunInterruptedException if the thread is interrupted
   */
  float[][] run(List<TokenIds> texts) {
    Part own = new Part(texts);
    lock.lock();
    try {
      waiting.add(own);
      while (!own.isDone()) {
        if (running) {
          changed.await();
        } else {
          runNext();
        }
      }
      return own.result();
    } catch (InterruptedException e) {
      waiting.remove(own);
      Thread.currentThread().interrupt();
      throw new RunInterruptedException("interrupted while another run was in flight");
    } catch (RunInterruptedException e) {
      waiting.remove(own);
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Runs those who wait first, without the lock.
   *
   * @throws RunInterruptedException if this thread is interrupted; then they wait as before
   */
  private void runNext() {
    List<Part> parts = next();
    running = true;
    lock.unlock();
    try {
      together(parts);
    } finally {
      lock.lock();
      running = false;
      for (int i = parts.size() - 1; i >= 0; i--) {
        if (!parts.get(i).isDone()) {
          waiting.addFirst(parts.get(i));
        }
      }
      changed.signalAll();
    }
  }

  /** As many as fit, and pay to be run together. */
  private List<Part> next() {
    List<Part> parts = new ArrayList<>();
    int count = 0;
    long tokens = 0;
    int longest = 0;
    long apart = 0;
    while (!waiting.isEmpty()) {
      Part part = waiting.getFirst();
      apart += cost.of(part.texts.size(), part.tokens, part.longest);
      count += part.texts.size();
      tokens += part.tokens;
      longest = Math.max(longest, part.longest);
      long all = cost.of(count, tokens, longest);
      if (!parts.isEmpty() && (all > budget || all > apart + apart / 4)) {
        break;
      }
      parts.add(waiting.removeFirst());
    }
    return parts;
  }

  /** Gives each its rows or its failure. */
  private void together(List<Part> parts) {
    List<TokenIds> texts = new ArrayList<>();
    parts.forEach(part -> texts.addAll(part.texts));
    try {
      float[][] rows = run.apply(texts);
      int from = 0;
      for (Part part : parts) {
        part.rows = Arrays.copyOfRange(rows, from, from + part.texts.size());
        from += part.texts.size();
      }
    } catch (RunInterruptedException e) {
      throw e;
    } catch (RuntimeException | Error e) {
      if (parts.size() == 1) {
        parts.getFirst().failure = e;
      } else {
        // Whose fault it was shows when each is run alone.
        parts.forEach(part -> together(List.of(part)));
      }
    }
  }
}
