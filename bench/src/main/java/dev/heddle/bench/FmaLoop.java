package dev.heddle.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The ceiling of a CPU in float32: multiply-adds that stay in registers, on all threads. Needs the
 * module {@code jdk.incubator.vector}.
 */
final class FmaLoop {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** More than are under way at once in any core (two pipes, four to six cycles deep). */
  private static final int CHAINS = 12;

  private static final int STEPS = 10_000;
  private static final int CALLS = 100;

  private static final int PASSES = 40;

  private FmaLoop() {}

  /**
   * Floating-point operations a second, a multiply-add being two.
   *
   * @throws IllegalStateException if the machine computes something else
   */
  static double flops(int threads) {
    float[] sums = new float[threads];
    double best =
        Passes.best(
            threads,
            PASSES,
            thread -> {
              for (int i = 0; i < CALLS; i++) {
                sums[thread] = chains(0.5f, 1);
              }
            });
    for (float sum : sums) {
      // Every chain ends where x = x / 2 + 1 does.
      if (sum != 2 * CHAINS * S.length()) {
        throw new IllegalStateException("the multiply-adds come to " + sum);
      }
    }
    return 2.0 * threads * CALLS * STEPS * CHAINS * S.length() / best;
  }

  private static float chains(float factor, float term) {
    FloatVector f = FloatVector.broadcast(S, factor);
    FloatVector t = FloatVector.broadcast(S, term);
    FloatVector a = FloatVector.broadcast(S, 0);
    FloatVector b = FloatVector.broadcast(S, 1);
    FloatVector c = FloatVector.broadcast(S, 2);
    FloatVector d = FloatVector.broadcast(S, 3);
    FloatVector e = FloatVector.broadcast(S, 4);
    FloatVector g = FloatVector.broadcast(S, 5);
    FloatVector h = FloatVector.broadcast(S, 6);
    FloatVector i = FloatVector.broadcast(S, 7);
    FloatVector j = FloatVector.broadcast(S, 8);
    FloatVector k = FloatVector.broadcast(S, 9);
    FloatVector l = FloatVector.broadcast(S, 10);
    FloatVector m = FloatVector.broadcast(S, 11);
    for (int step = 0; step < STEPS; step++) {
      a = a.fma(f, t);
      b = b.fma(f, t);
      c = c.fma(f, t);
      d = d.fma(f, t);
      e = e.fma(f, t);
      g = g.fma(f, t);
      h = h.fma(f, t);
      i = i.fma(f, t);
      j = j.fma(f, t);
      k = k.fma(f, t);
      l = l.fma(f, t);
      m = m.fma(f, t);
    }
    FloatVector some = a.add(b).add(c).add(d).add(e).add(g);
    FloatVector others = h.add(i).add(j).add(k).add(l).add(m);
    return some.add(others).reduceLanes(VectorOperators.ADD);
  }
}
