package dev.heddle.generate;

/** The best of many, best first; of equal ones those offered first. */
final class Candidates {
  private final int[] indices;
  private final double[] keys;
  private final double[] scores;
  private final int[] order;
  private int size;

  Candidates(int capacity) {
    this.indices = new int[capacity];
    this.keys = new double[capacity];
    this.scores = new double[capacity];
    this.order = new int[capacity];
  }

  void clear() {
    size = 0;
  }

  /** Takes it in if it is among the best by {@code key}. */
  void offer(int index, double key, double score) {
    if (size == keys.length && !(key > keys[size - 1])) {
      return;
    }
    int place = size == keys.length ? size - 1 : size++;
    while (place > 0 && key > keys[place - 1]) {
      indices[place] = indices[place - 1];
      keys[place] = keys[place - 1];
      scores[place] = scores[place - 1];
      place--;
    }
    indices[place] = index;
    keys[place] = key;
    scores[place] = score;
  }

  int size() {
    return size;
  }

  int index(int place) {
    return indices[place];
  }

  double score(int place) {
    return scores[place];
  }

  /**
   * Puts the places in the order of the scores, largest first, which is another than by key where
   * the keys are perturbed; of equal ones the first stays first.
   */
  void sortByScore() {
    for (int i = 0; i < size; i++) {
      int at = i;
      for (; at > 0 && scores[i] > scores[order[at - 1]]; at--) {
        order[at] = order[at - 1];
      }
      order[at] = i;
    }
  }

  /** The place that is {@code rank}-th by score, as {@link #sortByScore} has found. */
  int place(int rank) {
    return order[rank];
  }
}
