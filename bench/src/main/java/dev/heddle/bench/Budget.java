package dev.heddle.bench;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Shares a time among groups of steps: each group has its part, and what one leaves goes to those
 * behind it. A step is begun if it will end in its group's time, as the steps before it tell.
 */
final class Budget {
  /** Steps that have something open in common. */
  interface Group extends AutoCloseable {
    /** How much of the time it has, over that of others. */
    double share();

    /** What is measured, one after the other. */
    List<Step> steps();

    /** Opens what the steps have in common: once, before the first of them. */
    default void open() {}

    /** Closes it; does nothing where it is not open. */
    @Override
    default void close() {}
  }

  /**
   * One step.
   *
   * @param name what is measured, for the progress
   * @param weight how much longer than others of its group it takes
   * @param body measures, for about so many seconds as it is given
   * @param skip what happens where no time is left for it
   */
  record Step(String name, double weight, Body body, Runnable skip) {}

  /** Measures. */
  interface Body {
    void measure(double seconds);
  }

  /** Of its time a step is given so much: some take longer than they should. */
  private static final double GIVEN = 0.85;

  private final double seconds;
  private final LongSupplier nanos;
  private final Consumer<String> progress;
  private final long begin;

  /**
   * Begins to count.
   *
   * @param seconds for all
   * @param nanos the clock
   * @param progress is told of each step, and how much time is left
   */
  Budget(double seconds, LongSupplier nanos, Consumer<String> progress) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.progress = progress;
    begin = nanos.getAsLong();
  }

  private double passed() {
    return (nanos.getAsLong() - begin) * 1e-9;
  }

  /** Takes all steps that there is time for, and closes each group behind its last one. */
  void take(List<? extends Group> groups) {
    double shares = groups.stream().mapToDouble(Group::share).sum();
    int all = groups.stream().mapToInt(group -> group.steps().size()).sum();
    int before = 0;
    for (Group group : groups) {
      double left = Math.max(0, seconds - passed());
      try (group) {
        take(group, passed() + left * group.share() / shares, before, all);
      }
      shares -= group.share();
      before += group.steps().size();
    }
  }

  private void take(Group group, double end, int before, int all) {
    List<Step> steps = group.steps();
    double weights = steps.stream().mapToDouble(Step::weight).sum();
    double taken = 0;
    double done = 0;
    boolean open = false;
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      double expected = done == 0 ? 0 : taken / done * step.weight();
      if (passed() >= end || passed() + expected > end) {
        step.skip().run();
        weights -= step.weight();
        continue;
      }
      progress.accept(
          "%d of %d, %s left at most: %s"
              .formatted(before + i + 1, all, clock(seconds - passed()), step.name()));
      if (!open) {
        group.open();
        open = true;
      }
      double start = passed();
      step.body().measure(GIVEN * Math.max(0, end - start) * step.weight() / weights);
      taken += passed() - start;
      done += step.weight();
      weights -= step.weight();
    }
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return "%d:%02d".formatted(whole / 60, whole % 60);
  }
}
