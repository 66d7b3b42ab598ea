package dev.heddle.cli;

import tagbio.umap.Umap;
import tagbio.umap.metric.CosineMetric;

/**
 * UMAP (McInnes et al., 2018, arXiv:1802.03426) by the library umap-java: points that are near one
 * another stay so, far distances mean little. The same points give the same picture.
 */
final class Manifold {
  /** Below are too few neighbours. */
  static final int FEWEST = 5;

  /**
   * Above, the library guesses neighbours by random trees, in which it fails where points lie close
   * together, instead of comparing all points.
   */
  static final int MOST = 4_095;

  private static final int NEIGHBOURS = 15;
  private static final int SEED = 7;

  private Manifold() {}

  /** Whether there are neither too few points for it nor too many. */
  static boolean takes(int points) {
    return points >= FEWEST && points <= MOST;
  }

  /** Two coordinates for each of {@code points}, {@code [points, dimensions]}. */
  static float[][] of(float[][] points) {
    Umap umap = new Umap();
    umap.setNumberComponents(2);
    umap.setNumberNearestNeighbours(Math.min(NEIGHBOURS, points.length - 1));
    umap.setMetric(CosineMetric.SINGLETON);
    umap.setSeed(SEED);
    // With several threads the same seed gives other pictures.
    umap.setThreads(1);
    return umap.fitTransform(points);
  }
}
