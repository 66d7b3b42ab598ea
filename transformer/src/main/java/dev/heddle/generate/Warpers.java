package dev.heddle.generate;

import java.util.Arrays;

/**
 * What temperature, top-k, top-p, min-p and typical-p make of the logits, in that order, as
 * transformers' warpers do. Tokens that are taken out have negative infinity; probabilities are
 * those of what is left, summed in float64 in the order of the ids.
 */
final class Warpers {
  private static final float NEVER = Float.NEGATIVE_INFINITY;

  private final GenerationOptions options;
  private final int vocabulary;

  /** How many tokens are left at least: beams need one more than there are ends. */
  private final int atLeast;

  private final Selection selection = new Selection();

  /** The tokens that are left, by id, and their logits. */
  private final int[] ids;

  private final float[] row;
  private int left;

  private final float[] keys;
  private final double[] probabilities;

  Warpers(GenerationOptions options, int vocabulary) {
    this.options = options;
    this.vocabulary = vocabulary;
    this.atLeast = options.numBeams() > 1 ? Math.max(2, options.eosTokenIds().size() + 1) : 1;
    this.ids = new int[vocabulary];
    this.row = new float[vocabulary];
    this.keys = new float[options.typicalP() < 1 ? vocabulary : 0];
    this.probabilities = new double[vocabulary];
  }

  /** Changes the row {@code logits[at ... at + vocabulary - 1]}. */
  void apply(float[] logits, int at) {
    left = 0;
    for (int id = 0; id < vocabulary; id++) {
      float logit = logits[at + id];
      if (logit > NEVER) {
        ids[left] = id;
        row[left++] = logit;
      } else if (Float.isNaN(logit)) {
        throw broken(logit, vocabulary);
      }
    }
    if (left == 0) {
      return;
    }
    if (options.temperature() != 1) {
      for (int i = 0; i < left; i++) {
        row[i] = (float) (row[i] / options.temperature());
      }
    }
    int k = Math.max(options.topK(), atLeast);
    if (options.topK() > 0 && k < left) {
      keepFrom(row, selection.largest(row, left, k));
    }
    if (options.topP() < 1) {
      topP();
    }
    if (options.minP() > 0) {
      minP();
    }
    if (options.typicalP() < 1) {
      typical();
    }
    Arrays.fill(logits, at, at + vocabulary, NEVER);
    for (int i = 0; i < left; i++) {
      logits[at + ids[i]] = row[i];
    }
  }

  /**
   * The first token left, by id, at which the summed probabilities exceed {@code drawn}: a number
   * in [0, 1).
   */
  int draw(double drawn) {
    if (left == 0) {
      throw nothingLeft(vocabulary);
    }
    softmax(row, 0, left, probabilities);
    double sum = 0;
    int last = 0;
    for (int i = 0; i < left && !(sum > drawn); i++) {
      if (probabilities[i] > 0) {
        last = ids[i];
        sum += probabilities[i];
      }
    }
    return last;
  }

  private void keepFrom(float[] numbers, float limit) {
    int kept = 0;
    for (int i = 0; i < left; i++) {
      if (numbers[i] >= limit) {
        keep(i, kept++);
      }
    }
    left = kept;
  }

  private void keep(int from, int to) {
    ids[to] = ids[from];
    row[to] = row[from];
  }

  /** Of tokens equal to the last one kept, those of lower ids stay. */
  private void topP() {
    softmax(row, 0, left, probabilities);
    float limit = selection.limit(row, probabilities, left, options.topP(), atLeast);
    double sum = selection.massBefore();
    int count = selection.countBefore();
    int kept = 0;
    for (int i = 0; i < left; i++) {
      boolean keeps = row[i] > limit;
      if (row[i] == limit) {
        keeps = sum < options.topP() || count < atLeast;
        sum += probabilities[i];
        count++;
      }
      if (keeps) {
        keep(i, kept++);
      }
    }
    left = kept;
  }

  private void minP() {
    float largest = largest(row, 0, left);
    float nth = selection.largest(row, left, Math.min(atLeast, left));
    int kept = 0;
    for (int i = 0; i < left; i++) {
      if (row[i] >= nth || Math.exp((double) row[i] - largest) >= options.minP()) {
        keep(i, kept++);
      }
    }
    left = kept;
  }

  /** Meister et al., "Locally typical sampling" (2022): nearest to the entropy first. */
  private void typical() {
    double logSum = softmax(row, 0, left, probabilities);
    double entropy = 0;
    for (int i = 0; i < left; i++) {
      entropy -= probabilities[i] * (row[i] - logSum);
    }
    for (int i = 0; i < left; i++) {
      keys[i] = (float) -Math.abs(logSum - row[i] - entropy);
    }
    keepFrom(keys, selection.limit(keys, probabilities, left, options.typicalP(), atLeast));
  }

  /**
   * The softmax of a row into {@code probabilities}; returns the logarithm of the sum of its
   * exponentials.
   */
  static double softmax(float[] logits, int at, int length, double[] probabilities) {
    float largest = largest(logits, at, length);
    double sum = 0;
    for (int i = 0; i < length; i++) {
      double e = Math.exp((double) logits[at + i] - largest);
      probabilities[i] = e;
      sum += e;
    }
    for (int i = 0; i < length; i++) {
      probabilities[i] /= sum;
    }
    return largest + Math.log(sum);
  }

  /** The largest of a row; refuses one that has no finite largest. */
  static float largest(float[] logits, int at, int length) {
    float largest = NEVER;
    for (int i = at; i < at + length; i++) {
      // So written that a NaN stays.
      if (!(logits[i] <= largest)) {
        largest = logits[i];
        if (Float.isNaN(largest)) {
          break;
        }
      }
    }
    if (Float.isFinite(largest)) {
      return largest;
    }
    if (largest == NEVER) {
      throw nothingLeft(length);
    }
    throw broken(largest, length);
  }

  private static GenerationException broken(float logit, int length) {
    return new GenerationException(
        "one of %d logits is %s; expected finite numbers: the model or its input is broken"
            .formatted(length, logit));
  }

  private static GenerationException nothingLeft(int tokens) {
    return new GenerationException(
        "no token is left: the options forbid every one of the %d tokens".formatted(tokens));
  }
}
