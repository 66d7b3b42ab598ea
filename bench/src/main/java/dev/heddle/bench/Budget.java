package dev.heddle.bench;

import java.util.List;
import java.util.function.Consumer;

/** Shares a time among steps, so that all of them are begun before it is over. */
final class Budget {
  /**
   * One step.
   *
   * @param name what is measured, for the progress
   * @param weight how much longer than others it takes
   * @param body measures, for about so many seconds as it is given
   * @param skip what happens where no time is left for it
   */
  record Step(String name, double weight, Body body, Runnable skip) {}

  /** Measures. */
  interface Body {
    void measure(double seconds);
  }

  private final double seconds;
  private final Consumer<String> progress;
  private final long begin = System.nanoTime();

  /**
   * Begins to count.
   *
   * @param seconds for all
   * @param progress is told of each step, and how long all that is left will take
   */
  Budget(double seconds, Consumer<String> progress) {
    this.seconds = seconds;
    this.progress = progress;
  }

  private double passed() {
    return (System.nanoTime() - begin) * 1e-9;
  }

  /** Takes all steps that there is time for: each has its share of what is left. */
  void take(List<Step> steps) {
    double weights = steps.stream().mapToDouble(Step::weight).sum();
    double done = 0;
    double before = passed();
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      double left = seconds - passed();
      if (left <= 0) {
        step.skip().run();
        continue;
      }
      double expected = done == 0 ? left : (passed() - before) / done * (weights - done);
      progress.accept(
          "%d of %d, %s left: %s"
              .formatted(i + 1, steps.size(), clock(Math.min(left, expected)), step.name()));
      step.body().measure(left * step.weight() / (weights - done));
      done += step.weight();
    }
  }

  private static String clock(double seconds) {
    long whole = Math.round(seconds);
    return "%d:%02d".formatted(whole / 60, whole % 60);
  }
}
