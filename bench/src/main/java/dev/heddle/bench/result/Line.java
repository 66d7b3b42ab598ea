package dev.heddle.bench.result;

/**
 * What came of one system at one piece of work: times, or why there are none.
 *
 * @param times null where there are none
 * @param rate null where there are no times
 * @param kernel what computed it, as the plan or the system says; null where that is not known
 * @param reason why there are no times; null where there are
 * @param wrong whether there are none because the result was wrong
 */
public record Line(
    Work work, Contender by, Times times, Rate rate, String kernel, String reason, boolean wrong) {
  /** Of a run that was timed. */
  public static Line of(Work work, Contender by, Times times, Rate rate, String kernel) {
    return new Line(work, by, times, rate, kernel, null, false);
  }

  /** Of one that was not: it is not there, or cannot do it. */
  public static Line without(Work work, Contender by, String reason) {
    return new Line(work, by, null, null, null, reason, false);
  }

  /** Of one that computed something else than it should: its times would mean nothing. */
  public static Line wrong(Work work, Contender by, String reason) {
    return new Line(work, by, null, null, null, reason, true);
  }
}
