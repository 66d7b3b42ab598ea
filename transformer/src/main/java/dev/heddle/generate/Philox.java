package dev.heddle.generate;

/**
 * Philox 4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC 2011): a draw is a function of its place, whatever was drawn
 * before it.
 */
final class Philox {
  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;

  private Philox() {}

  /** The block of four words for a counter and a key, the second pair in {@code high}. */
  static long block(int c0, int c1, int c2, int c3, int k0, int k1, boolean high) {
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = MULTIPLIER_0 * Integer.toUnsignedLong(c0);
      long p1 = MULTIPLIER_1 * Integer.toUnsignedLong(c2);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    int first = high ? c2 : c0;
    int second = high ? c3 : c1;
    return Integer.toUnsignedLong(first) << 32 | Integer.toUnsignedLong(second);
  }

  /**
   * A number in [0, 1), of 53 bits.
   *
   * @param index which of the draws of one step
   */
  static double uniform(long seed, int sequence, int step, int index) {
    long bits = block(step, sequence, index, 0, (int) seed, (int) (seed >>> 32), false);
    return (bits >>> 11) * 0x1p-53;
  }
}
