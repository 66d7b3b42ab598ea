package dev.heddle.cli;

import java.util.stream.IntStream;

/**
 * For each point those that are nearest by the cosine, the nearest first; of equals the earlier.
 *
 * @param indices {@code [points, neighbours]}
 * @param cosines of them
 */
record Neighbours(int[][] indices, float[][] cosines) {
  /** The {@code count} nearest, or as many as there are others. */
  static Neighbours of(float[][] points, int count) {
    int kept = Math.min(count, points.length - 1);
    float[][] unit = new float[points.length][];
    for (int i = 0; i < points.length; i++) {
      unit[i] = unit(points[i]);
    }
    int[][] indices = new int[points.length][kept];
    float[][] cosines = new float[points.length][kept];
    IntStream.range(0, points.length)
        .parallel()
        .forEach(i -> nearest(unit, i, indices[i], cosines[i]));
    return new Neighbours(indices, cosines);
  }

  private static void nearest(float[][] unit, int point, int[] indices, float[] cosines) {
    int found = 0;
    for (int other = 0; other < unit.length; other++) {
      if (other == point) {
        continue;
      }
      float cosine = dot(unit[point], unit[other]);
      if (found == indices.length && cosine <= cosines[found - 1]) {
        continue;
      }
      int at = found < indices.length ? found++ : found - 1;
      for (; at > 0 && cosines[at - 1] < cosine; at--) {
        cosines[at] = cosines[at - 1];
        indices[at] = indices[at - 1];
      }
      cosines[at] = cosine;
      indices[at] = other;
    }
  }

  private static float[] unit(float[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    float[] unit = vector.clone();
    for (int i = 0; i < unit.length; i++) {
      unit[i] = length > 0 ? (float) (unit[i] / length) : 0;
    }
    return unit;
  }

  private static float dot(float[] a, float[] b) {
    float sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
