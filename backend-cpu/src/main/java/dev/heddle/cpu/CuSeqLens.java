package dev.heddle.cpu;

import dev.heddle.plan.Operand;

/** Checks where the sequences of a ragged batch begin. */
final class CuSeqLens {
  private CuSeqLens() {}

  /**
   * Refuses starts that do not go from 0 to {@code tokens} without falling.
   *
   * @return the tokens of the longest sequence
   */
  static long check(Site site, Operand starts, long tokens) {
    long last = starts.elements() - 1;
    if (last < 0 || at(starts, 0) != 0 || at(starts, last) != tokens) {
      throw site.wrong(
          "cuSeqLens of %d elements goes from %s to %s; expected from 0 to the %d tokens"
              .formatted(
                  starts.elements(),
                  last < 0 ? "nothing" : at(starts, 0),
                  last < 0 ? "nothing" : at(starts, last),
                  tokens));
    }
    long longest = 0;
    for (long i = 1; i <= last; i++) {
      long length = at(starts, i) - (long) at(starts, i - 1);
      if (length < 0) {
        throw site.wrong(
            "cuSeqLens[%d] = %d, after %d; expected no fall"
                .formatted(i, at(starts, i), at(starts, i - 1)));
      }
      longest = Math.max(longest, length);
    }
    return longest;
  }

  /** Element {@code i}. */
  static int at(Operand starts, long i) {
    return Memory.getInt(starts.address() + 4 * i);
  }
}
