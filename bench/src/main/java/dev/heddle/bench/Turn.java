package dev.heddle.bench;

import dev.heddle.bench.ChildJvm.RefusedException;
import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Times;
import dev.heddle.bench.result.Work;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One of the systems that take turns: its process, or why it has none. One that fails has failed
 * for good, and the others go on.
 *
 * @param <W> the process
 */
final class Turn<W extends AutoCloseable> implements AutoCloseable {
  /** Longer than runtimes let their threads spin. */
  private static final long REST_MILLIS = 100;

  private final Entrant entrant;
  private final String arithmetic;
  private final Consumer<String> progress;
  private ChildJvm child;
  private W worker;
  private String failure;

  /**
   * Starts the process.
   *
   * @param arithmetic of our own system; null for nothing
   * @param progress is told what the system says of itself, or why it cannot
   */
  Turn(
      Entrant entrant,
      String arithmetic,
      Supplier<W> start,
      Function<W, ChildJvm> process,
      Consumer<String> progress) {
    this.entrant = entrant;
    this.arithmetic = arithmetic;
    this.progress = progress;
    try {
      worker = start.get();
      child = process.apply(worker);
      progress.accept(entrant + ": " + child.description());
    } catch (RefusedException | UncheckedIOException e) {
      fail(e.getMessage());
    }
  }

  /** Lets threads of the last system come to rest that still wait for more to do, spinning. */
  static void rest() {
    try {
      Thread.sleep(REST_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  Entrant entrant() {
    return entrant;
  }

  /** What a system that has not failed answers; null if it has, or does now. */
  <T> T take(Function<W, T> question) {
    if (failure != null) {
      return null;
    }
    try {
      return question.apply(worker);
    } catch (RefusedException | UncheckedIOException e) {
      fail(e.getMessage());
      return null;
    }
  }

  private void fail(String why) {
    progress.accept(entrant + ": " + why);
    failure = why;
    if (worker != null) {
      child.close();
    }
  }

  boolean hasFailed() {
    return failure != null;
  }

  /** Why it has failed; null where it has not. */
  String failure() {
    return failure;
  }

  /** The system's version; null where it did not start. */
  String version() {
    return child == null ? null : child.version();
  }

  private Contender contender() {
    return entrant.contender(child == null ? null : child.version(), arithmetic);
  }

  /** What was measured of it, or why there is nothing. */
  Line line(Work work, Supplier<Times> times, Function<Times, Rate> rate) {
    if (failure != null) {
      return Line.without(work, contender(), failure);
    }
    Times measured = times.get();
    return Line.of(work, contender(), measured, rate.apply(measured), child.description());
  }

  /** That it computed something else than it should. */
  Line wrong(Work work, String why) {
    return Line.wrong(work, contender(), why);
  }

  @Override
  public void close() {
    if (child != null) {
      child.close();
    }
  }
}
