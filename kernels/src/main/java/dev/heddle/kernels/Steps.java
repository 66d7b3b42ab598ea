package dev.heddle.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What earlier runs gave their queue, by all that it depends on: extents, and the places of what
 * they read and wrote. So many are kept as a generation needs whose batch shrinks and whose pages
 * grow in number, or a server whose sequences come and go; the one that was not used for longest
 * makes room.
 */
final class Steps {
  private static final int MOST = 64;

  private final List<Step> steps = new ArrayList<>();
  private final long[] numbers;
  private final Object[] things;
  private long now;

  /** One run's commands. */
  static final class Step {
    private final long[] numbers;
    private final Object[] things;
    private long used;
    private boolean asked;
    private Recording recording;
    final Commands commands;

    /** By instruction: its first command; then the first behind all of them. */
    final int[] begins;

    private Step(long[] numbers, Object[] things, Commands commands, int[] begins) {
      this.numbers = numbers;
      this.things = things;
      this.commands = commands;
      this.begins = begins;
    }

    /** All of it as one command; null where the device does not do that. */
    Recording recording(KernelQueue queue) {
      if (!asked) {
        recording = queue.record(commands);
        asked = true;
      }
      return recording;
    }

    private void close() {
      if (recording != null) {
        recording.close();
        recording = null;
      }
    }
  }

  /** None yet, of runs that depend on so many numbers and objects. */
  Steps(int numbers, int things) {
    this.numbers = new long[numbers];
    this.things = new Object[things];
  }

  /**
   * Rows that a step of {@code rows} is best filled up to, so that few steps differ in that: at
   * most a quarter more, and 20 numbers up to 64.
   */
  static int rows(int rows) {
    int part = Math.max(1, Integer.highestOneBit(Math.max(1, rows - 1)) / 4);
    return Math.ceilDiv(rows, part) * part;
  }

  /** The numbers that the next run depends on, to be filled in. */
  long[] numbers() {
    return numbers;
  }

  /** The objects that the next run depends on, each by its identity, to be filled in. */
  Object[] things() {
    return things;
  }

  /** The commands of a run that depended on the same; null if there are none. */
  Step find() {
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      if (Arrays.equals(step.numbers, numbers) && areSame(step.things, things)) {
        step.used = ++now;
        return step;
      }
    }
    return null;
  }

  private static boolean areSame(Object[] a, Object[] b) {
    for (int i = 0; i < a.length; i++) {
      if (a[i] != b[i]) {
        return false;
      }
    }
    return true;
  }

  /** Keeps a run's commands. */
  Step add(Commands commands, int[] begins) {
    if (steps.size() == MOST) {
      Step oldest = steps.getFirst();
      for (Step step : steps) {
        oldest = step.used < oldest.used ? step : oldest;
      }
      steps.remove(oldest);
      oldest.close();
    }
    Step step = new Step(numbers.clone(), things.clone(), commands, begins);
    step.used = ++now;
    steps.add(step);
    return step;
  }

  /** Forgets one that went wrong. */
  void drop(Step step) {
    steps.remove(step);
    step.close();
  }

  /** Forgets all: what they use is about to be freed. */
  void clear() {
    steps.forEach(Step::close);
    steps.clear();
    Arrays.fill(things, null);
  }
}
