package dev.heddle.bench;

import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What two runs say of the same thing.
 *
 * @param before null where only the second has it
 * @param after null where only the first has it
 */
record Difference(Line before, Line after) {
  /** How it stands. */
  enum Verdict {
    /** The second is faster by more than both spreads together. */
    FASTER,
    /**
     * The second is slower by more than both spreads together, has no time any more, or is wrong.
     */
    SLOWER,
    /** They differ by no more than that, or neither has a time. */
    SAME,
    /** The first run did not measure it, or could not. */
    NEW,
    /** The second run did not measure it. */
    GONE
  }

  /** All that either has, in the first one's order. */
  static List<Difference> of(Results before, Results after) {
    Map<List<Object>, Line> second = new LinkedHashMap<>();
    after.lines().forEach(line -> second.putIfAbsent(key(line), line));
    Map<List<Object>, Difference> all = new LinkedHashMap<>();
    before
        .lines()
        .forEach(line -> all.putIfAbsent(key(line), new Difference(line, second.get(key(line)))));
    second.forEach((key, line) -> all.putIfAbsent(key, new Difference(null, line)));
    return new ArrayList<>(all.values());
  }

  /** What must be the same in both: all but versions. */
  private static List<Object> key(Line line) {
    Contender by = line.by();
    return Arrays.asList(
        line.work().group(),
        line.work().shape(),
        by.system(),
        by.backend(),
        by.dtype(),
        by.arithmetic(),
        by.threads());
  }

  Verdict verdict() {
    if (after == null) {
      return Verdict.GONE;
    }
    boolean had = before != null && before.times() != null;
    if (after.wrong() || had && after.times() == null) {
      return Verdict.SLOWER;
    }
    if (!had) {
      return before != null && after.times() == null ? Verdict.SAME : Verdict.NEW;
    }
    double ratio = ratio();
    return ratio > 1 + noise()
        ? Verdict.FASTER
        : ratio < 1 - noise() ? Verdict.SLOWER : Verdict.SAME;
  }

  /** The second one's speed over the first one's, where both have times. */
  double ratio() {
    return before.times().median() / after.times().median();
  }

  /** What both spreads together explain. */
  double noise() {
    return before.times().spread() + after.times().spread();
  }
}
