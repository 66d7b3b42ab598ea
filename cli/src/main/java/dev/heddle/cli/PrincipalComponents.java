package dev.heddle.cli;

import java.util.Random;

/**
 * Principal component analysis (Pearson, 1901; Hotelling, 1933): the directions in which points
 * vary most, found by orthogonal iteration on the centred points, whose covariance is never built.
 *
 * @param coordinates of each point, {@code [points, components]}
 * @param shares of the points' variance that each component has
 */
record PrincipalComponents(float[][] coordinates, double[] shares) {
  private static final int ITERATIONS = 500;
  private static final double SETTLED = 1e-9;

  /** The first {@code count} components of {@code points}, {@code [points, dimensions]}. */
  static PrincipalComponents of(float[][] points, int count) {
    int dimensions = points[0].length;
    double[][] centred = centred(points);
    double variance = 0;
    for (double[] row : centred) {
      variance += dot(row, row);
    }
    Random random = new Random(1);
    double[][] axes = new double[count][dimensions];
    for (double[] axis : axes) {
      for (int i = 0; i < dimensions; i++) {
        axis[i] = random.nextGaussian();
      }
    }
    orthonormalise(axes);
    for (int iteration = 0; iteration < ITERATIONS; iteration++) {
      double[][] next = step(centred, axes);
      orthonormalise(next);
      double moved = 0;
      for (int i = 0; i < count; i++) {
        moved = Math.max(moved, 1 - Math.abs(dot(axes[i], next[i])));
      }
      axes = next;
      if (moved < SETTLED) {
        break;
      }
    }
    return project(centred, axes, variance);
  }

  private static double[][] centred(float[][] points) {
    int dimensions = points[0].length;
    double[] mean = new double[dimensions];
    for (float[] point : points) {
      for (int i = 0; i < dimensions; i++) {
        mean[i] += point[i] / (double) points.length;
      }
    }
    double[][] centred = new double[points.length][dimensions];
    for (int p = 0; p < points.length; p++) {
      for (int i = 0; i < dimensions; i++) {
        centred[p][i] = points[p][i] - mean[i];
      }
    }
    return centred;
  }

  /** The covariance times each axis, but for a factor. */
  private static double[][] step(double[][] points, double[][] axes) {
    double[][] next = new double[axes.length][axes[0].length];
    for (double[] point : points) {
      for (int i = 0; i < axes.length; i++) {
        double along = dot(point, axes[i]);
        for (int j = 0; j < point.length; j++) {
          next[i][j] += along * point[j];
        }
      }
    }
    return next;
  }

  /** Gram and Schmidt's way. An axis along which nothing varies becomes zeros. */
  private static void orthonormalise(double[][] axes) {
    for (int i = 0; i < axes.length; i++) {
      double before = Math.sqrt(dot(axes[i], axes[i]));
      for (int j = 0; j < i; j++) {
        double along = dot(axes[i], axes[j]);
        for (int k = 0; k < axes[i].length; k++) {
          axes[i][k] -= along * axes[j][k];
        }
      }
      double length = Math.sqrt(dot(axes[i], axes[i]));
      boolean gone = length <= 1e-10 * before || length == 0;
      for (int k = 0; k < axes[i].length; k++) {
        axes[i][k] = gone ? 0 : axes[i][k] / length;
      }
    }
  }

  private static PrincipalComponents project(double[][] centred, double[][] axes, double variance) {
    float[][] coordinates = new float[centred.length][axes.length];
    double[] shares = new double[axes.length];
    for (int p = 0; p < centred.length; p++) {
      for (int i = 0; i < axes.length; i++) {
        double along = dot(centred[p], axes[i]);
        coordinates[p][i] = (float) along;
        shares[i] += variance > 0 ? along * along / variance : 0;
      }
    }
    return new PrincipalComponents(coordinates, shares);
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
