package dev.heddle.generate;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/** A request on its way through an engine: it waits, is in the cache, or has ended. */
final class Job implements Comparable<Job> {
  /** Who goes first: of a higher priority, then in the order that is fair among callers. */
  private static final Comparator<Job> ORDER =
      Comparator.<Job>comparingInt(job -> -job.request.priority())
          .thenComparingLong(job -> job.turn)
          .thenComparingLong(job -> job.number);

  final GenerationRequest request;
  final GenerationStream stream;
  final Object caller;
  final long number;
  final long turn;

  /** On the clock of {@link System#nanoTime}. */
  private final long handedIn = System.nanoTime();

  private final long nanos;
  private final Runnable cancel;

  // The engine's thread alone has these.
  SequenceGroup group;
  private int cachedTokens;
  private boolean begun;
  private boolean entered;
  private long start;
  private long firstToken;
  private long lastToken;

  /**
   * A request that has been handed in now.
   *
   * @param number how many were before
   * @param turn when it is its caller's turn
   */
  Job(GenerationRequest request, GenerationStream stream, Object caller, long number, long turn) {
    this.request = request;
    this.stream = stream;
    this.caller = caller;
    this.number = number;
    this.turn = turn;
    Duration deadline = request.deadline();
    this.nanos = deadline == null ? Long.MAX_VALUE : Math.max(0, saturated(deadline));
    this.cancel = stream::cancel;
    if (request.cancellation() != null) {
      request.cancellation().tell(cancel);
    }
  }

  private static long saturated(Duration duration) {
    try {
      return duration.toNanos();
    } catch (ArithmeticException _) {
      return duration.isNegative() ? 0 : Long.MAX_VALUE;
    }
  }

  @Override
  public int compareTo(Job other) {
    return ORDER.compare(this, other);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(number);
  }

  /** Nanoseconds until its deadline; the largest number if it has none. */
  long left(long now) {
    return nanos == Long.MAX_VALUE ? nanos : nanos - (now - handedIn);
  }

  /** Why it has to end now, or null. */
  StopReason due(long now) {
    if (stream.isCancelled()) {
      return StopReason.CANCELLED;
    }
    return left(now) <= 0 ? StopReason.DEADLINE : null;
  }

  /** Its reader has enough to read. */
  boolean isPaused() {
    return stream.isFull();
  }

  /** Its group has entered the cache, with so many tokens that were there; whether for once. */
  boolean entered(int cached) {
    if (entered) {
      return false;
    }
    entered = true;
    cachedTokens = cached;
    start = System.nanoTime();
    return true;
  }

  /** Tokens were chosen. */
  void chose(long now, EngineMeter meter) {
    if (begun) {
      meter.between(now - lastToken);
    } else {
      begun = true;
      firstToken = now;
      meter.first(now - handedIn);
    }
    lastToken = now;
  }

  /** It has ended, for {@code reason} if not by itself. */
  void end(StopReason reason) {
    forget();
    if (group == null) {
      stream.end(() -> generation(List.of(GeneratedSequence.none(reason))));
    } else {
      if (reason != null) {
        group.continuation().stop(reason);
      }
      Continuation ended = group.continuation();
      group = null;
      stream.end(() -> generation(ended.results(stream.seen())));
    }
  }

  /** It has failed. */
  void fail(Throwable reason) {
    forget();
    stream.fail(reason);
  }

  private void forget() {
    if (request.cancellation() != null) {
      request.cancellation().forget(cancel);
    }
  }

  private Generation generation(List<GeneratedSequence> sequences) {
    return new Generation(
        request.prompt().length,
        cachedTokens,
        sequences,
        Duration.ofNanos(begun ? firstToken - start : 0),
        Duration.ofNanos(begun ? lastToken - firstToken : 0));
  }
}
