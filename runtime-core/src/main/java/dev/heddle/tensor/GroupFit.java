package dev.heddle.tensor;

/**
 * The codes and the scale, or scale and offset, with which a group of numbers is met best in the
 * sense of least squares: several scales near the one that spans the group are tried, the codes
 * rounded to the nearest, and the scale solved for anew. Not for several threads at once.
 */
final class GroupFit {
  /** Scales are tried so far apart, in codes at the end of the range. */
  private static final float STEP = 0.1f;

  private static final int STEPS = 10;

  private final byte[] trial = new byte[32];
  private float scale;
  private float minimum;

  /** What a code is multiplied by. */
  float scale() {
    return scale;
  }

  /** What is taken away; 0 or more. */
  float minimum() {
    return minimum;
  }

  /** Fits {@code scale * code - minimum}, codes of 0 to {@code most}, the minimum 0 or more. */
  void affine(float[] x, int at, int count, int most) {
    float least = 0;
    float greatest = x[at];
    double sum = 0;
    for (int i = at; i < at + count; i++) {
      least = Math.min(least, x[i]);
      greatest = Math.max(greatest, x[i]);
      sum += x[i];
    }
    scale = 0;
    minimum = -least;
    if (!(greatest > least)) {
      return;
    }
    double best = Double.POSITIVE_INFINITY;
    for (int step = -STEPS; step <= STEPS; step++) {
      float inverse = (most + STEP * step) / (greatest - least);
      double codes = 0;
      double squares = 0;
      double products = 0;
      for (int i = 0; i < count; i++) {
        trial[i] = (byte) Math.clamp(Math.round(inverse * (x[at + i] - least)), 0, most);
        codes += trial[i];
        squares += trial[i] * trial[i];
        products += trial[i] * x[at + i];
      }
      double determinant = count * squares - codes * codes;
      if (determinant <= 0) {
        continue;
      }
      double slope = (count * products - codes * sum) / determinant;
      double added = (squares * sum - codes * products) / determinant;
      if (added > 0) {
        slope = products / squares;
        added = 0;
      }
      double error = 0;
      for (int i = 0; i < count; i++) {
        double difference = slope * trial[i] + added - x[at + i];
        error += difference * difference;
      }
      if (error < best) {
        best = error;
        scale = (float) slope;
        minimum = (float) -added;
      }
    }
  }

  /** Fits {@code scale * code}, codes of {@code -most} to {@code most - 1}. */
  void symmetric(float[] x, int at, int count, int most) {
    float extreme = extreme(x, at, count);
    scale = 0;
    double best = 0;
    for (int step = -STEPS; step <= STEPS && extreme != 0; step++) {
      float inverse = -(most + STEP * step) / extreme;
      for (int i = 0; i < count; i++) {
        trial[i] = (byte) Math.clamp(Math.round(inverse * x[at + i]), -most, most - 1);
      }
      best = solve(x, at, count, best);
    }
  }

  /** Fits {@code scale * table[code]}; the table ascends. */
  void table(float[] x, int at, int count, byte[] table) {
    float extreme = extreme(x, at, count);
    scale = 0;
    double best = 0;
    for (int step = -STEPS; step <= STEPS && extreme != 0; step++) {
      float inverse = (table[0] + step) / extreme;
      for (int i = 0; i < count; i++) {
        trial[i] = table[nearest(table, inverse * x[at + i])];
      }
      best = solve(x, at, count, best);
    }
  }

  /** Takes the scale that is best for the codes tried, if that meets more than {@code best}. */
  private double solve(float[] x, int at, int count, double best) {
    double squares = 0;
    double products = 0;
    for (int i = 0; i < count; i++) {
      squares += trial[i] * trial[i];
      products += trial[i] * x[at + i];
    }
    if (squares == 0 || products * products <= best * squares) {
      return best;
    }
    scale = (float) (products / squares);
    return products * products / squares;
  }

  /** The number of the greatest magnitude, the first of several. */
  static float extreme(float[] x, int at, int count) {
    float extreme = 0;
    for (int i = at; i < at + count; i++) {
      if (Math.abs(x[i]) > Math.abs(extreme)) {
        extreme = x[i];
      }
    }
    return extreme;
  }

  /** Where in an ascending table the number nearest to {@code x} stands. */
  static int nearest(byte[] table, float x) {
    int i = 0;
    while (i < table.length - 1 && x - table[i] > table[i + 1] - x) {
      i++;
    }
    return i;
  }
}
