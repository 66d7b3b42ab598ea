package dev.heddle.bench.result;

/**
 * How fast it was.
 *
 * @param perSecond work a second at the median, in {@code unit}
 * @param ceiling the {@link Ceiling#name} of what bounds it; null where that is not known
 * @param ofCeiling share of that ceiling; 0 where it is not known
 */
public record Rate(double perSecond, Unit unit, String ceiling, double ofCeiling) {
  /** {@code 117 GFLOP/s}. */
  @Override
  public String toString() {
    return unit.format(perSecond);
  }
}
