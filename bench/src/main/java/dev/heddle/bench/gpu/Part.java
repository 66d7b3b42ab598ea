package dev.heddle.bench.gpu;

import java.util.Map;
import java.util.TreeMap;

/**
 * What came of the cases of a part.
 *
 * @param name {@code kit} or {@code fixtures}
 * @param what what its cases are
 * @param notRun cases that there was no time for
 * @param failures each failed case's name and the reason
 * @param unsupportedReasons why cases are not supported, and how many
 */
record Part(
    String name,
    String what,
    double seconds,
    int passed,
    int failed,
    int unsupported,
    int notRun,
    Map<String, String> failures,
    Map<String, Integer> unsupportedReasons) {
  boolean isGood() {
    return failed == 0 && notRun == 0 && passed > 0;
  }

  /** {@code 1200 passed, 0 failed, 31 not supported}. */
  String counts() {
    return "%d passed, %d failed, %d not supported".formatted(passed, failed, unsupported)
        + (notRun == 0 ? "" : ", %d not run for want of time".formatted(notRun))
        + (passed + failed + unsupported + notRun == 0 ? ": there were no cases" : "");
  }

  /** Counts cases as they end. For many threads. */
  static final class Tally {
    private final String name;
    private final String what;
    private final long begin = System.nanoTime();
    private final Map<String, String> failures = new TreeMap<>();
    private final Map<String, Integer> unsupported = new TreeMap<>();
    private int passed;
    private int notRun;

    Tally(String name, String what) {
      this.name = name;
      this.what = what;
    }

    synchronized void passed() {
      passed++;
    }

    synchronized void failed(String which, String why) {
      failures.put(which, why);
    }

    synchronized void unsupported(String why) {
      unsupported.merge(why, 1, Integer::sum);
    }

    synchronized void notRun() {
      notRun++;
    }

    synchronized Part part() {
      return new Part(
          name,
          what,
          (System.nanoTime() - begin) * 1e-9,
          passed,
          failures.size(),
          unsupported.values().stream().mapToInt(Integer::intValue).sum(),
          notRun,
          new TreeMap<>(failures),
          new TreeMap<>(unsupported));
    }
  }
}
