package dev.heddle.task;

/** From logits to probabilities, in float64. */
final class Scores {
  private Scores() {}

  /** {@code exp(x) / sum(exp(x))} of {@code count} numbers. */
  static double[] softmax(float[] logits, int from, int count) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, logits[from + i]);
    }
    double[] scores = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      scores[i] = Math.exp(logits[from + i] - largest);
      sum += scores[i];
    }
    for (int i = 0; i < count; i++) {
      scores[i] /= sum;
    }
    return scores;
  }

  /** {@code 1 / (1 + exp(-x))}. */
  static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  /** The index of the first of the largest. */
  static int largest(double[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }
}
