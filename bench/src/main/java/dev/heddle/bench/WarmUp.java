package dev.heddle.bench;

import java.util.function.DoubleSupplier;

/**
 * The warm-up of every system: steps until {@value #UNIMPROVED} in a row have not brought the
 * median down by two percent, {@value #MOST_STEPS} at most, and none begun after ten seconds or
 * three measuring times, whichever is more. So a Java runtime is compiled code when time counts,
 * and nobody waits for one that is warm at once.
 */
final class WarmUp {
  private static final int UNIMPROVED = 3;
  private static final int MOST_STEPS = 16;

  /** Below this share of the best median so far, a step has improved it. */
  private static final double IMPROVED = 0.98;

  /** Measuring times that it may take: what takes seconds is warm after a few. */
  private static final double MOST_TIMES = 3;

  /** Seconds that it may take: a short measuring time ends before a JVM has compiled. */
  private static final double MOST_SECONDS = 10;

  /** Samples of what is so slow that the measuring time has no more. */
  private static final int LEAST_SAMPLES = 3;

  private WarmUp() {}

  /**
   * Takes steps, which give their median times, until they no longer improve.
   *
   * @param seconds measuring time
   * @return the last step's
   */
  static double run(double seconds, DoubleSupplier step) {
    long begin = System.nanoTime();
    double most = Math.max(MOST_SECONDS, MOST_TIMES * seconds);
    double best = Double.POSITIVE_INFINITY;
    double last = 0;
    int unimproved = 0;
    for (int i = 0; i < MOST_STEPS && unimproved < UNIMPROVED; i++) {
      last = step.getAsDouble();
      unimproved = last < best * IMPROVED ? 0 : unimproved + 1;
      best = Math.min(best, last);
      if ((System.nanoTime() - begin) * 1e-9 > most) {
        break;
      }
    }
    return last;
  }

  /**
   * Turns of a system whose call takes so long: fewer where calls do not fit into the measuring
   * time.
   */
  static int rounds(double seconds, double call, int most) {
    return (int) Math.clamp(seconds / call, Math.min(LEAST_SAMPLES, most), most);
  }
}
