package dev.heddle.model;

import dev.heddle.tensor.HostTensor;

/**
 * Positions as waves (Vaswani et al., 2017, section 3.5), all sines before all cosines as published
 * models have them.
 */
final class Sinusoids {
  private static final double LONGEST = 10_000;

  private Sinusoids() {}

  /**
   * The paper's: column i turns at {@code 10000^(-i / half)}.
   *
   * @return {@code [rows, columns]}, row p the position p
   */
  static HostTensor paper(int rows, int columns) {
    float[] table = new float[rows * columns];
    // The sines have the odd column where there is one.
    int half = columns - columns / 2;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < half; i++) {
        double angle = row / Math.pow(LONGEST, 2.0 * i / columns);
        table[row * columns + i] = (float) Math.sin(angle);
        if (half + i < columns) {
          table[row * columns + half + i] = (float) Math.cos(angle);
        }
      }
    }
    return HostTensor.of(table, rows, columns);
  }

  /**
   * As tensor2tensor and fairseq compute it, in float32 throughout: column i turns at {@code
   * 10000^(-i / (half - 1))}; an odd column is zero.
   *
   * @param first the position of row 1; row 0, which padding tokens take, is zero
   * @return {@code [rows, columns]}
   */
  static HostTensor fairseq(int rows, int columns, int first) {
    float[] table = new float[rows * columns];
    int half = columns / 2;
    float step = (float) -(Math.log(LONGEST) / (half - 1));
    for (int row = 1; row < rows; row++) {
      for (int i = 0; i < half; i++) {
        float angle = (first + row - 1) * (float) Math.exp(i * step);
        table[row * columns + i] = (float) Math.sin(angle);
        table[row * columns + half + i] = (float) Math.cos(angle);
      }
    }
    return HostTensor.of(table, rows, columns);
  }
}
