package dev.heddle.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Shares a time among groups of steps: each group has its part, and what one leaves goes to those
 * behind it. A step is begun if it will end in its group's time, as the steps before it tell; those
 * that were not have what time all groups have left.
 */
final class Budget {
  /** Steps that have something open in common. */
  interface Group extends AutoCloseable {
    /** How much of the time it has, over that of others. */
    double share();

    /** What is measured, one after the other. */
    List<Step> steps();

    /** Opens what the steps have in common: before the first of them, and again once closed. */
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
  private int begun;

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
    List<Queue> queues = groups.stream().map(Queue::new).toList();
    int all = queues.stream().mapToInt(queue -> queue.steps.size()).sum();
    takeInShares(queues, all);
    List<Queue> left = queues.stream().filter(queue -> !queue.steps.isEmpty()).toList();
    takeInShares(left, all);
    left.forEach(queue -> queue.steps.forEach(step -> step.skip().run()));
  }

  /** A group's steps that are yet to be taken, and what those that were took for their weight. */
  private static final class Queue {
    private final Group group;
    private List<Step> steps;
    private double taken;
    private double done;

    Queue(Group group) {
      this.group = group;
      this.steps = group.steps();
    }

    double expected(Step step) {
      return done == 0 ? 0 : taken / done * step.weight();
    }
  }

  private void takeInShares(List<Queue> queues, int all) {
    double shares = queues.stream().mapToDouble(queue -> queue.group.share()).sum();
    for (Queue queue : queues) {
      double left = Math.max(0, seconds - passed());
      double share = queue.group.share();
      try (Group _ = queue.group) {
        take(queue, passed() + left * share / shares, all);
      }
      shares -= share;
    }
  }

  private void take(Queue queue, double end, int all) {
    double weights = queue.steps.stream().mapToDouble(Step::weight).sum();
    List<Step> left = new ArrayList<>();
    boolean open = false;
    for (Step step : queue.steps) {
      if (passed() >= end || passed() + queue.expected(step) > end) {
        left.add(step);
        weights -= step.weight();
        continue;
      }
      progress.accept(
          "%d of %d, %s left at most: %s"
              .formatted(++begun, all, clock(seconds - passed()), step.name()));
      if (!open) {
        queue.group.open();
        open = true;
      }
      double start = passed();
      step.body().measure(GIVEN * Math.max(0, end - start) * step.weight() / weights);
      queue.taken += passed() - start;
      queue.done += step.weight();
      weights -= step.weight();
    }
    queue.steps = left;
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return "%d:%02d".formatted(whole / 60, whole % 60);
  }
}
