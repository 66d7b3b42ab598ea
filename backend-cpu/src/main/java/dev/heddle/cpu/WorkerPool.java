package dev.heddle.cpu;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Threads that share work cut into small pieces.
 *
 * <p>A task's pieces are handed out one by one. The caller works through its own task; workers join
 * the oldest task that has pieces left. Nobody waits for a thread to arrive: a call ends when the
 * pieces that were begun have ended, so a worker that the machine does not schedule costs the piece
 * that it holds, or nothing.
 *
 * <p>{@code threads} counts callers: workers keep out while as many callers are inside. Further
 * callers run alone. An idle worker spins for {@value #SPIN_NANOS} ns after its last piece, because
 * a model is a hundred short steps, and then parks. Once warm, a call allocates nothing.
 */
final class WorkerPool implements AutoCloseable {
  /** How long to look for the next step's pieces before parking, which costs about as much. */
  static final long SPIN_NANOS = 30_000;

  /** Work that is cut into pieces, each independent of the others. */
  @FunctionalInterface
  interface Task {
    /**
     * Does piece {@code piece} of {@code [0, pieces)}.
     *
     * @param scratch the executing thread's own
     */
    void run(int piece, Scratch scratch);
  }

  private final int threads;
  private final NativePool memory;
  private final AtomicLong sequence = new AtomicLong();

  /** Callers inside, and workers at work. */
  private final AtomicInteger active = new AtomicInteger();

  private final AtomicInteger spinning = new AtomicInteger();
  private final Worker[] workers;
  private volatile int started;
  private volatile Job[] jobs;
  private volatile boolean closed;
  private volatile Thread closer;

  /**
   * A pool whose workers start when they are first needed.
   *
   * @param threads threads that compute at a time, the callers' included
   * @param memory what scratch memory is taken from; must outlive the pool
   */
  WorkerPool(int threads, NativePool memory) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: " + threads + "; expected 1 or more");
    }
    this.threads = threads;
    this.memory = memory;
    this.workers = new Worker[threads - 1];
    this.jobs = new Job[] {new Job(memory)};
  }

  int threads() {
    return threads;
  }

  /**
   * Runs {@code task} for every piece in {@code [0, pieces)} and returns when all have ended.
   * Inside a piece of this pool it runs on the calling thread alone.
   *
   * <p>If pieces fail, the first failure is thrown, the others suppressed in it, once the pieces
   * already begun have ended; the rest are not begun. Interrupts are left pending.
   *
   * @throws IllegalStateException if the pool is closed
   */
  void run(Task task, int pieces) {
    Thread caller = Thread.currentThread();
    Scratch outer = scratchOf(caller);
    if (outer != null) {
      runAlone(task, pieces, outer);
      return;
    }
    Job job = enter(caller);
    try {
      if (pieces <= 1 || threads == 1) {
        runAlone(task, pieces, job.scratch);
      } else {
        runShared(job, task, pieces);
      }
    } finally {
      leave(job);
    }
  }

  private static void runAlone(Task task, int pieces, Scratch outer) {
    Scratch scratch = outer.enter();
    try {
      for (int piece = 0; piece < pieces; piece++) {
        task.run(piece, scratch);
      }
    } finally {
      scratch.leave();
    }
  }

  private void runShared(Job job, Task task, int pieces) {
    job.publish(task, pieces, sequence.getAndIncrement());
    wake();
    Scratch scratch = job.scratch.enter();
    int ended = 0;
    for (int piece = job.claim(); piece >= 0; piece = job.claim()) {
      ended += job.execute(piece, scratch);
    }
    scratch.leave();
    job.end(ended);
    job.await(SPIN_NANOS);
    Throwable failure = job.clear();
    if (failure != null) {
      throw WorkerPool.<RuntimeException>unchecked(failure);
    }
  }

  /** Failures of pieces are unchecked exceptions or errors already; the compiler cannot know. */
  @SuppressWarnings("unchecked")
  private static <T extends Throwable> T unchecked(Throwable failure) throws T {
    throw (T) failure;
  }

  private Job enter(Thread caller) {
    Job job = take(caller);
    active.getAndIncrement();
    if (closed) {
      leave(job);
      throw new IllegalStateException("the backend's worker pool is closed");
    }
    return job;
  }

  private void leave(Job job) {
    job.leave();
    if (active.decrementAndGet() > 0) {
      wake();
    }
    if (closed) {
      LockSupport.unpark(closer);
    }
  }

  private Job take(Thread caller) {
    while (true) {
      Job[] now = jobs;
      int first = (int) caller.threadId();
      for (int i = 0; i < now.length; i++) {
        Job job = now[(first + i) & (now.length - 1)];
        if (job.take(caller)) {
          return job;
        }
      }
      addJobs(now);
    }
  }

  private synchronized void addJobs(Job[] full) {
    if (jobs == full) {
      Job[] more = Arrays.copyOf(full, full.length * 2);
      Arrays.setAll(more, i -> i < full.length ? full[i] : new Job(memory));
      jobs = more;
    }
  }

  /** The scratch of the piece that {@code thread} is in, or null outside of this pool's pieces. */
  private Scratch scratchOf(Thread thread) {
    if (thread instanceof Worker worker && worker.pool() == this) {
      return worker.scratch;
    }
    for (Job job : jobs) {
      if (job.owner() == thread) {
        return job.scratch;
      }
    }
    return null;
  }

  private Job oldest() {
    Job oldest = null;
    for (Job job : jobs) {
      if (job.hasUnclaimed() && (oldest == null || job.sequence() < oldest.sequence())) {
        oldest = job;
      }
    }
    return oldest;
  }

  private boolean mayWork() {
    return active.get() < threads && oldest() != null;
  }

  /**
   * Gets workers for the pieces that are left: two at most, who then wake others, so that no caller
   * pays for waking all. One that spins finds the work by itself.
   */
  private void wake() {
    for (int i = 0; i < 2 && spinning.get() == 0 && mayWork(); i++) {
      if (!unparkOne()) {
        startOne();
        return;
      }
    }
  }

  private boolean unparkOne() {
    int count = started;
    for (int i = 0; i < count; i++) {
      if (workers[i].unpark()) {
        return true;
      }
    }
    return false;
  }

  private void startOne() {
    if (started == workers.length) {
      return;
    }
    synchronized (this) {
      int count = started;
      if (count < workers.length) {
        workers[count] = new Worker(this, count + 1, new Scratch(memory));
        workers[count].start();
        started = count + 1;
      }
    }
  }

  /**
   * Waits for calls in flight and ends the workers.
   *
   * @throws IllegalStateException from inside a piece, which would wait for itself
   */
  @Override
  public void close() {
    Thread caller = Thread.currentThread();
    if (scratchOf(caller) != null) {
      throw new IllegalStateException("a worker pool cannot be closed by its own work");
    }
    synchronized (workers) {
      closer = caller;
      closed = true;
      boolean interrupted = false;
      for (Job job : jobs) {
        while (job.owner() != null) {
          LockSupport.park(this);
          interrupted |= Thread.interrupted();
        }
      }
      interrupted |= endWorkers();
      for (Job job : jobs) {
        job.scratch.release();
      }
      if (interrupted) {
        caller.interrupt();
      }
    }
  }

  private boolean endWorkers() {
    boolean interrupted = false;
    for (int i = 0; i < started; i++) {
      workers[i].unpark();
      while (workers[i].isAlive()) {
        try {
          workers[i].join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    return interrupted;
  }

  /**
   * A worker's step: takes part in the oldest task, until it has no pieces left or enough callers
   * are inside.
   *
   * @return whether it did a piece
   */
  boolean help(Worker worker) {
    if (!mayWork()) {
      return false;
    }
    boolean helped = active.incrementAndGet() <= threads && helpOldest(worker.scratch);
    active.getAndDecrement();
    return helped;
  }

  private boolean helpOldest(Scratch own) {
    Job job = oldest();
    int piece = job == null ? -1 : job.claim();
    if (piece < 0) {
      return false;
    }
    wake();
    Scratch scratch = own.enter();
    int ended = 0;
    for (; piece >= 0; piece = active.get() <= threads ? job.claim() : -1) {
      ended += job.execute(piece, scratch);
    }
    scratch.leave();
    job.end(ended);
    return true;
  }

  /** Waits, as a worker that has just worked, for more; true if there is some. */
  boolean spin(long until) {
    spinning.getAndIncrement();
    boolean found = mayWork();
    while (!found && !closed && System.nanoTime() - until < 0) {
      Thread.onSpinWait();
      found = mayWork();
    }
    // Before the worker claims: whoever offered work meanwhile, and woke nobody because of this
    // worker, has it seen by the wake() that follows the claim.
    spinning.getAndDecrement();
    return found;
  }

  /** Whether a worker that is about to park must not. */
  boolean needsWorker() {
    return closed || mayWork();
  }

  boolean isClosed() {
    return closed;
  }
}
