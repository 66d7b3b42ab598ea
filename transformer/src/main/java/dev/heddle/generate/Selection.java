package dev.heddle.generate;

import java.util.Arrays;

/**
 * Finds where a row of numbers, largest first, reaches a sum of weights, without sorting it: the
 * bits of the numbers are looked at from the highest, a histogram of weights for each eleven, so
 * that three passes find the number that is the limit.
 */
final class Selection {
  private static final int DIGIT = 11;
  private static final int BUCKETS = 1 << DIGIT;

  /** Largest rank that is looked for with a heap, in one pass. */
  private static final int HEAP = 1024;

  private final float[] heap = new float[HEAP];
  private final double[] mass = new double[BUCKETS];
  private final int[] counts = new int[BUCKETS];

  private double before;
  private int larger;

  /**
   * The number of the row at which the sum, largest numbers first, reaches {@code wanted}, and at
   * least {@code atLeast} numbers are counted; the smallest if it never does. Numbers of weight 0
   * do not count. Equal numbers share one place, in which their weights are summed in order.
   *
   * @param keys not NaN
   * @param weights of the keys, 0 or more; null: 1 for each
   */
  float limit(float[] keys, double[] weights, int length, double wanted, int atLeast) {
    before = 0;
    larger = 0;
    int prefix = 0;
    for (int shift = 32 - DIGIT; ; shift = Math.max(0, shift - DIGIT)) {
      // 11 bits, 11 bits, and the 10 that are left.
      int digit = shift == 0 ? 32 - 2 * DIGIT : DIGIT;
      int known = 32 - shift - digit;
      histogram(keys, weights, length, known, prefix, shift, digit);
      int bucket = bucket(wanted, atLeast);
      if (bucket < 0) {
        return Float.NEGATIVE_INFINITY;
      }
      prefix = prefix << digit | bucket;
      if (shift == 0) {
        return number(prefix);
      }
    }
  }

  /** The {@code rank}-th largest of the numbers, counted from 1. */
  float largest(float[] keys, int length, int rank) {
    if (rank > HEAP) {
      return limit(keys, null, length, rank, rank);
    }
    for (int i = 0; i < rank; i++) {
      heap[i] = keys[i];
    }
    for (int i = rank / 2 - 1; i >= 0; i--) {
      sink(i, rank);
    }
    for (int i = rank; i < length; i++) {
      if (keys[i] > heap[0]) {
        heap[0] = keys[i];
        sink(0, rank);
      }
    }
    return heap[0];
  }

  /** Brings the number at {@code place} down to where none below it is smaller. */
  private void sink(int place, int size) {
    float number = heap[place];
    for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= number) {
        break;
      }
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = number;
  }

  /** The sum of the weights of numbers larger than the limit found last. */
  double massBefore() {
    return before;
  }

  /** How many numbers are larger than the limit found last. */
  int countBefore() {
    return larger;
  }

  private void histogram(
      float[] keys, double[] weights, int length, int known, int prefix, int shift, int digit) {
    Arrays.fill(mass, 0);
    Arrays.fill(counts, 0);
    int mask = (1 << digit) - 1;
    for (int i = 0; i < length; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) {
        continue;
      }
      int order = order(keys[i]);
      if (known == 0 || order >>> (32 - known) == prefix) {
        int bucket = order >>> shift & mask;
        mass[bucket] += weight;
        counts[bucket]++;
      }
    }
  }

  /** The bucket in which both sums are reached, or the lowest that has any number; -1: none has. */
  private int bucket(double wanted, int atLeast) {
    int lowest = -1;
    double lowestBefore = 0;
    int lowestLarger = 0;
    for (int bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      if (counts[bucket] == 0) {
        continue;
      }
      if (before + mass[bucket] >= wanted && larger + counts[bucket] >= atLeast) {
        return bucket;
      }
      lowest = bucket;
      lowestBefore = before;
      lowestLarger = larger;
      before += mass[bucket];
      larger += counts[bucket];
    }
    before = lowestBefore;
    larger = lowestLarger;
    return lowest;
  }

  /** An int whose unsigned order is that of the numbers; both zeros are the same. */
  private static int order(float key) {
    int bits = Float.floatToRawIntBits(key + 0f);
    return bits ^ (bits >> 31 | Integer.MIN_VALUE);
  }

  private static float number(int order) {
    int bits = order < 0 ? order ^ Integer.MIN_VALUE : ~order;
    return Float.intBitsToFloat(bits);
  }
}
