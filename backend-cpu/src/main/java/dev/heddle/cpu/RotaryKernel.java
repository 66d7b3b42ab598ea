package dev.heddle.cpu;

/** Turns the pairs of one float32 vector. */
interface RotaryKernel {
  /**
   * {@code (a, b)} becomes {@code (a * cos - b * sin, b * cos + a * sin)}, the second product of
   * each sum being fused with the addition.
   *
   * @param interleaved whether pairs are neighbours, {@code 2 i} and {@code 2 i + 1}; else {@code
   *     i} and {@code i + pairs}
   * @param y may be {@code x}
   */
  void turn(boolean interleaved, long x, long y, long cos, long sin, int pairs);
}
