package dev.heddle.generate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where callers and the engine's thread meet: requests that wait, in the order of their priority,
 * and among callers of one priority by start-time fair queueing (Goyal, Vin, Cheng, 1996). Each
 * caller's requests begin one behind the other on a clock of tokens, so that one who asks for much
 * does not hold up one who asks for little.
 *
 * <p>Safe for many threads. Lock order: a stream's monitor, then the lock in here, which calls
 * nothing that is a stream's.
 */
final class RequestQueue {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final TreeSet<Job> waiting = new TreeSet<>();
  private final Map<Object, Account> accounts = new HashMap<>();
  private final int limit;
  private long clock;
  private long numbers;
  private boolean signalled;
  private boolean closed;
  private Throwable broken;

  private static final class Account {
    /** On the clock, where its last request ends. */
    private long end;

    /** Requests that have not ended. */
    private int requests;
  }

  /** An empty queue, which takes {@code limit} requests. */
  RequestQueue(int limit) {
    this.limit = limit;
  }

  // For any thread.

  /**
   * A request comes.
   *
   * @param tokens that it may take, its prompt included
   * @throws QueueFullException if too many wait
   * @throws IllegalStateException if this was closed, or the engine is broken
   */
  void add(GenerationRequest request, GenerationStream stream, long tokens) {
    Object caller = request.caller() == null ? Thread.currentThread() : request.caller();
    lock.lock();
    try {
      if (broken != null) {
        throw new IllegalStateException("the engine has ended by an error", broken);
      }
      if (closed) {
        throw new IllegalStateException("this engine was closed");
      }
      if (waiting.size() >= limit) {
        throw new QueueFullException(waiting.size());
      }
      Account account = accounts.computeIfAbsent(caller, key -> new Account());
      long turn = Math.max(clock, account.end);
      account.end = turn + tokens;
      account.requests++;
      waiting.add(new Job(request, stream, caller, numbers++, turn));
      signal();
    } finally {
      lock.unlock();
    }
  }

  /** Something has changed that the engine's thread may wait for. */
  void wake() {
    lock.lock();
    try {
      signal();
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    signalled = true;
    changed.signal();
  }

  /** Takes no more; {@code reason} if that is an error, else null. */
  void close(Throwable reason) {
    lock.lock();
    try {
      closed = true;
      broken = reason;
      signal();
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  /** Requests that have come. */
  long taken() {
    lock.lock();
    try {
      return numbers;
    } finally {
      lock.unlock();
    }
  }

  // The engine's thread.

  /** False once this was closed. From here on a signal is a new one. */
  boolean goesOn() {
    lock.lock();
    try {
      signalled = false;
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for a signal, or a deadline.
   *
   * @param left nanoseconds until the nearest deadline of those who do not wait in here
   */
  void rest(long left) {
    lock.lock();
    try {
      long now = System.nanoTime();
      long least = left;
      for (Job job : waiting) {
        least = Math.min(least, job.left(now));
      }
      long end = now + least;
      while (!signalled && least > 0) {
        if (least == Long.MAX_VALUE) {
          changed.await();
        } else {
          changed.awaitNanos(least);
          least = end - System.nanoTime();
        }
      }
    } catch (InterruptedException _) {
      // Nobody has reason to interrupt the engine's thread; it looks again, and goes on.
    } finally {
      lock.unlock();
    }
  }

  /** Whose turn it is; null if nobody waits. */
  Job first() {
    lock.lock();
    try {
      return waiting.isEmpty() ? null : waiting.first();
    } finally {
      lock.unlock();
    }
  }

  /** It waits no more. */
  void remove(Job job) {
    lock.lock();
    try {
      waiting.remove(job);
      clock = Math.max(clock, job.turn);
    } finally {
      lock.unlock();
    }
  }

  /** One that had to give its place up waits for another. */
  void again(Job job) {
    lock.lock();
    try {
      waiting.add(job);
    } finally {
      lock.unlock();
    }
  }

  /** It has ended, waiting or not. */
  void ended(Job job) {
    lock.lock();
    try {
      waiting.remove(job);
      Account account = accounts.get(job.caller);
      if (--account.requests == 0) {
        accounts.remove(job.caller);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Adds those to {@code to} that are cancelled or late. */
  void due(long now, List<Job> to) {
    lock.lock();
    try {
      if (!waiting.isEmpty()) {
        for (Job job : waiting) {
          if (job.due(now) != null) {
            to.add(job);
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Adds all to {@code to}. */
  void all(List<Job> to) {
    lock.lock();
    try {
      to.addAll(waiting);
    } finally {
      lock.unlock();
    }
  }
}
