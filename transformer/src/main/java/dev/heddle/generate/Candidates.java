package dev.heddle.generate;

import java.util.Comparator;
import java.util.stream.IntStream;

/** The best of many, best first; of equal ones those offered first. */
final class Candidates {
  private final int[] indices;
  private final double[] keys;
  private final double[] scores;
  private int size;

  Candidates(int capacity) {
    this.indices = new int[capacity];
    this.keys = new double[capacity];
    this.scores = new double[capacity];
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

  /** Places by score, largest first: another order than by key where the keys are perturbed. */
  int[] byScore() {
    return IntStream.range(0, size)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer place) -> -scores[place]))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
