package dev.heddle.cuda;

import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The thread that owns a device's context: every call that needs the context is made here, for
 * whoever asks, in the order of asking. A task is an object of its caller's that it uses again, so
 * handing one over allocates nothing.
 *
 * <p>A task may last until the device has done something. It is looked at now and then while others
 * begin, so that nobody who only wants to launch waits for somebody else's results.
 */
final class ContextThread {
  /** How long the device is asked without a pause: a step of a small model takes less. */
  private static final long SPIN_NANOS = 1_000_000;

  /** Pauses between two looks after that. */
  private static final long PAUSE_NANOS = 50_000;

  /** Something to do on the thread. For one caller at a time. */
  abstract static class Task {
    private Task next;
    private volatile Thread waiting;
    private Throwable failure;
    private volatile boolean ended = true;

    /** Does it; true if it has ended with that. */
    abstract boolean begin();

    /** Looks whether it has ended, after {@link #begin} said no. */
    boolean look() {
      return true;
    }

    /** Whether it has ended, or was never given to the thread. */
    final boolean hasEnded() {
      return ended;
    }
  }

  private final Thread thread;
  private final Object lock = new Object();

  // Guarded by the lock.
  private Task first;
  private Task last;
  private boolean closed;

  // The thread's own: tasks that have begun and not ended.
  private Task lasting;

  /** Starts it. */
  ContextThread(String name) {
    this.thread = Thread.ofPlatform().daemon().name(name).unstarted(this::work);
    thread.start();
  }

  /**
   * Hands a task over and does not wait for it.
   *
   * @throws IllegalStateException if the thread has ended
   */
  void submit(Task task) {
    if (!offer(task)) {
      throw new IllegalStateException(thread.getName() + " has ended");
    }
  }

  /** The same; false if the thread has ended. */
  boolean offer(Task task) {
    task.failure = null;
    task.ended = false;
    task.next = null;
    synchronized (lock) {
      if (closed) {
        task.ended = true;
        return false;
      }
      if (last == null) {
        first = task;
      } else {
        last.next = task;
      }
      last = task;
    }
    LockSupport.unpark(thread);
    return true;
  }

  /**
   * Waits until a task that this caller submitted has ended, however often the caller is
   * interrupted meanwhile: the device works with the caller's memory until then.
   */
  void await(Task task) {
    boolean interrupted = false;
    task.waiting = Thread.currentThread();
    while (!task.ended) {
      LockSupport.park(task);
      interrupted |= Thread.interrupted();
    }
    task.waiting = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (task.failure != null) {
      Throwable failure = task.failure;
      task.failure = null;
      throw Library.undeclared(failure);
    }
  }

  /** The thread's {@link Thread#threadId}. */
  long id() {
    return thread.threadId();
  }

  /** Calls on the thread, and waits. */
  <T> T call(Supplier<T> what) {
    if (Thread.currentThread() == thread) {
      return what.get();
    }
    class Call extends Task {
      private T result;

      @Override
      boolean begin() {
        result = what.get();
        return true;
      }
    }
    Call call = new Call();
    submit(call);
    await(call);
    return call.result;
  }

  /** Calls on the thread, and waits. */
  void run(Runnable what) {
    call(() -> {
      what.run();
      return null;
    });
  }

  /** Ends the thread once all that it was given has ended. Nothing is taken from then on. */
  void close() {
    synchronized (lock) {
      closed = true;
    }
    LockSupport.unpark(thread);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    long since = 0;
    while (true) {
      Task task = lasting == null ? take() : poll();
      if (task != null) {
        begin(task);
        since = System.nanoTime();
      } else if (lasting == null) {
        return;
      }
      look();
      if (lasting != null && System.nanoTime() - since > SPIN_NANOS) {
        LockSupport.parkNanos(this, PAUSE_NANOS);
      } else {
        Thread.onSpinWait();
      }
    }
  }

  /** The next task; null once there will be none. */
  private Task take() {
    while (true) {
      synchronized (lock) {
        if (first != null) {
          return remove();
        }
        if (closed) {
          return null;
        }
      }
      LockSupport.park(this);
    }
  }

  /** The next task; null if there is none yet. */
  private Task poll() {
    synchronized (lock) {
      return first == null ? null : remove();
    }
  }

  private Task remove() {
    Task task = first;
    first = task.next;
    if (first == null) {
      last = null;
    }
    task.next = null;
    return task;
  }

  private void begin(Task task) {
    boolean ended = true;
    try {
      ended = task.begin();
    } catch (Throwable e) {
      task.failure = e;
    }
    if (ended) {
      end(task);
    } else {
      task.next = lasting;
      lasting = task;
    }
  }

  /** Looks at all that last. */
  private void look() {
    Task before = null;
    Task task = lasting;
    while (task != null) {
      Task after = task.next;
      boolean ended = true;
      try {
        ended = task.look();
      } catch (Throwable e) {
        task.failure = e;
      }
      if (!ended) {
        before = task;
      } else {
        if (before == null) {
          lasting = after;
        } else {
          before.next = after;
        }
        task.next = null;
        end(task);
      }
      task = after;
    }
  }

  private static void end(Task task) {
    task.ended = true;
    LockSupport.unpark(task.waiting);
  }
}
