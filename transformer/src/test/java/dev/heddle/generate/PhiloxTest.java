package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** The known answers that the authors ship with Random123. */
  @Test
  void givesTheAnswersOfItsAuthors() {
    check(new int[6], 0x6627e8d5e169c58dL, 0xbc57ac4c9b00dbd8L);
    check(new int[] {-1, -1, -1, -1, -1, -1}, 0x408f276d41c83b0eL, 0xa20bc7c66d5451fdL);
    int[] pi = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0};
    check(pi, 0xd16cfe0994fdccebL, 0x5001e42024126ea1L);
  }

  private static void check(int[] in, long low, long high) {
    assertEquals(low, Philox.block(in[0], in[1], in[2], in[3], in[4], in[5], false));
    assertEquals(high, Philox.block(in[0], in[1], in[2], in[3], in[4], in[5], true));
  }

  @Test
  void drawsAreEvenAndDependOnSeedSequenceStepAndIndex() {
    int draws = 100_000;
    int[] bins = new int[16];
    for (int step = 0; step < draws; step++) {
      bins[(int) (16 * Philox.uniform(7, 3, step, 0))]++;
    }
    double chiSquare = 0;
    for (int bin : bins) {
      chiSquare += Math.pow(bin - draws / 16.0, 2) / (draws / 16.0);
    }
    // 15 degrees of freedom: exceeded once in ten million.
    assertTrue(chiSquare < 60, "chi-square " + chiSquare);
    double one = Philox.uniform(7, 3, 5, 0);
    assertEquals(one, Philox.uniform(7, 3, 5, 0));
    assertTrue(one != Philox.uniform(8, 3, 5, 0) && one != Philox.uniform(7L << 32, 3, 5, 0));
    assertTrue(one != Philox.uniform(7, 4, 5, 0) && one != Philox.uniform(7, 3, 6, 0));
    assertTrue(one != Philox.uniform(7, 3, 5, 1));
  }
}
