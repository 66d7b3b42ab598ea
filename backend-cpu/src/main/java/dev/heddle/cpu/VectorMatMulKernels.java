package dev.heddle.cpu;

import static dev.heddle.cpu.Memory.ALL;
import static dev.heddle.cpu.Memory.ORDER;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static jdk.incubator.vector.FloatVector.zero;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Register tiles of a matrix product: {@code out = A B} for a few rows of A and a panel of B, each
 * element one chain of fused multiply-adds over k in ascending order.
 *
 * <p>A's rows lie {@code aStride} bytes apart, their elements side by side. A panel holds four
 * vectors for each k, and a tile four for each row.
 *
 * <p>The repetition is meant. Accumulators must be local variables, each with a zero of its own
 * that comes one way only; a choice between zero and the sums so far costs a factor of ten. Loads
 * and stores are written out because calls that the compiler does not inline box their vectors. And
 * no method may be larger than {@link #seven}: with 14 rows of two vectors the first compiler runs
 * out of registers while the profile is taken, and the method may then never reach the second one.
 *
 * <p>Loops count in longs because the compiler unrolls those over ints and then loads B in an order
 * that the processor does not foresee: a row by a B of 96 MiB reads 31 GB/s instead of 15, what a
 * plain sum of it reads, and seven rows run at 1.02 times the speed.
 *
 * <p>On a Zen 4 core with a peak of 118 GFLOP/s, products with a packed {@code [384, 384]}, which
 * comes from the second-level cache: 7 rows run at 111, 6 at 106, 2 at 98, one at 54.
 */
final class VectorMatMulKernels {
  private static final VectorSpecies<Float> F = Vectors.F;
  private static final long BYTES = Vectors.BYTES;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private VectorMatMulKernels() {}

  /** Seven rows: 28 accumulators and four vectors of B fill 32 registers. */
  static void seven(long a, long aStride, long b, long out, int k) {
    FloatVector x0 = zero(F);
    FloatVector y0 = zero(F);
    FloatVector z0 = zero(F);
    FloatVector w0 = zero(F);
    FloatVector x1 = zero(F);
    FloatVector y1 = zero(F);
    FloatVector z1 = zero(F);
    FloatVector w1 = zero(F);
    FloatVector x2 = zero(F);
    FloatVector y2 = zero(F);
    FloatVector z2 = zero(F);
    FloatVector w2 = zero(F);
    FloatVector x3 = zero(F);
    FloatVector y3 = zero(F);
    FloatVector z3 = zero(F);
    FloatVector w3 = zero(F);
    FloatVector x4 = zero(F);
    FloatVector y4 = zero(F);
    FloatVector z4 = zero(F);
    FloatVector w4 = zero(F);
    FloatVector x5 = zero(F);
    FloatVector y5 = zero(F);
    FloatVector z5 = zero(F);
    FloatVector w5 = zero(F);
    FloatVector x6 = zero(F);
    FloatVector y6 = zero(F);
    FloatVector z6 = zero(F);
    FloatVector w6 = zero(F);
    for (long p = 0; p < k; p++) {
      FloatVector bx = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector by = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector bz = fromMemorySegment(F, ALL, b + 2 * BYTES, ORDER);
      FloatVector bw = fromMemorySegment(F, ALL, b + 3 * BYTES, ORDER);
      FloatVector a0 = broadcast(F, ALL.get(FLOAT, a));
      x0 = a0.fma(bx, x0);
      y0 = a0.fma(by, y0);
      z0 = a0.fma(bz, z0);
      w0 = a0.fma(bw, w0);
      FloatVector a1 = broadcast(F, ALL.get(FLOAT, a + aStride));
      x1 = a1.fma(bx, x1);
      y1 = a1.fma(by, y1);
      z1 = a1.fma(bz, z1);
      w1 = a1.fma(bw, w1);
      FloatVector a2 = broadcast(F, ALL.get(FLOAT, a + 2 * aStride));
      x2 = a2.fma(bx, x2);
      y2 = a2.fma(by, y2);
      z2 = a2.fma(bz, z2);
      w2 = a2.fma(bw, w2);
      FloatVector a3 = broadcast(F, ALL.get(FLOAT, a + 3 * aStride));
      x3 = a3.fma(bx, x3);
      y3 = a3.fma(by, y3);
      z3 = a3.fma(bz, z3);
      w3 = a3.fma(bw, w3);
      FloatVector a4 = broadcast(F, ALL.get(FLOAT, a + 4 * aStride));
      x4 = a4.fma(bx, x4);
      y4 = a4.fma(by, y4);
      z4 = a4.fma(bz, z4);
      w4 = a4.fma(bw, w4);
      FloatVector a5 = broadcast(F, ALL.get(FLOAT, a + 5 * aStride));
      x5 = a5.fma(bx, x5);
      y5 = a5.fma(by, y5);
      z5 = a5.fma(bz, z5);
      w5 = a5.fma(bw, w5);
      FloatVector a6 = broadcast(F, ALL.get(FLOAT, a + 6 * aStride));
      x6 = a6.fma(bx, x6);
      y6 = a6.fma(by, y6);
      z6 = a6.fma(bz, z6);
      w6 = a6.fma(bw, w6);
      a += Float.BYTES;
      b += 4 * BYTES;
    }
    x0.intoMemorySegment(ALL, out, ORDER);
    y0.intoMemorySegment(ALL, out + BYTES, ORDER);
    z0.intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
    w0.intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    x1.intoMemorySegment(ALL, out + 4 * BYTES, ORDER);
    y1.intoMemorySegment(ALL, out + 5 * BYTES, ORDER);
    z1.intoMemorySegment(ALL, out + 6 * BYTES, ORDER);
    w1.intoMemorySegment(ALL, out + 7 * BYTES, ORDER);
    x2.intoMemorySegment(ALL, out + 8 * BYTES, ORDER);
    y2.intoMemorySegment(ALL, out + 9 * BYTES, ORDER);
    z2.intoMemorySegment(ALL, out + 10 * BYTES, ORDER);
    w2.intoMemorySegment(ALL, out + 11 * BYTES, ORDER);
    x3.intoMemorySegment(ALL, out + 12 * BYTES, ORDER);
    y3.intoMemorySegment(ALL, out + 13 * BYTES, ORDER);
    z3.intoMemorySegment(ALL, out + 14 * BYTES, ORDER);
    w3.intoMemorySegment(ALL, out + 15 * BYTES, ORDER);
    x4.intoMemorySegment(ALL, out + 16 * BYTES, ORDER);
    y4.intoMemorySegment(ALL, out + 17 * BYTES, ORDER);
    z4.intoMemorySegment(ALL, out + 18 * BYTES, ORDER);
    w4.intoMemorySegment(ALL, out + 19 * BYTES, ORDER);
    x5.intoMemorySegment(ALL, out + 20 * BYTES, ORDER);
    y5.intoMemorySegment(ALL, out + 21 * BYTES, ORDER);
    z5.intoMemorySegment(ALL, out + 22 * BYTES, ORDER);
    w5.intoMemorySegment(ALL, out + 23 * BYTES, ORDER);
    x6.intoMemorySegment(ALL, out + 24 * BYTES, ORDER);
    y6.intoMemorySegment(ALL, out + 25 * BYTES, ORDER);
    z6.intoMemorySegment(ALL, out + 26 * BYTES, ORDER);
    w6.intoMemorySegment(ALL, out + 27 * BYTES, ORDER);
  }

  /**
   * Six rows of half a panel, two vectors of the four: 12 accumulators leave room for three more
   * vectors in 16 registers.
   */
  static void six(long a, long aStride, long b, long out, int k) {
    FloatVector x0 = zero(F);
    FloatVector y0 = zero(F);
    FloatVector x1 = zero(F);
    FloatVector y1 = zero(F);
    FloatVector x2 = zero(F);
    FloatVector y2 = zero(F);
    FloatVector x3 = zero(F);
    FloatVector y3 = zero(F);
    FloatVector x4 = zero(F);
    FloatVector y4 = zero(F);
    FloatVector x5 = zero(F);
    FloatVector y5 = zero(F);
    for (long p = 0; p < k; p++) {
      FloatVector bx = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector by = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector a0 = broadcast(F, ALL.get(FLOAT, a));
      x0 = a0.fma(bx, x0);
      y0 = a0.fma(by, y0);
      FloatVector a1 = broadcast(F, ALL.get(FLOAT, a + aStride));
      x1 = a1.fma(bx, x1);
      y1 = a1.fma(by, y1);
      FloatVector a2 = broadcast(F, ALL.get(FLOAT, a + 2 * aStride));
      x2 = a2.fma(bx, x2);
      y2 = a2.fma(by, y2);
      FloatVector a3 = broadcast(F, ALL.get(FLOAT, a + 3 * aStride));
      x3 = a3.fma(bx, x3);
      y3 = a3.fma(by, y3);
      FloatVector a4 = broadcast(F, ALL.get(FLOAT, a + 4 * aStride));
      x4 = a4.fma(bx, x4);
      y4 = a4.fma(by, y4);
      FloatVector a5 = broadcast(F, ALL.get(FLOAT, a + 5 * aStride));
      x5 = a5.fma(bx, x5);
      y5 = a5.fma(by, y5);
      a += Float.BYTES;
      b += 4 * BYTES;
    }
    x0.intoMemorySegment(ALL, out, ORDER);
    y0.intoMemorySegment(ALL, out + BYTES, ORDER);
    x1.intoMemorySegment(ALL, out + 4 * BYTES, ORDER);
    y1.intoMemorySegment(ALL, out + 5 * BYTES, ORDER);
    x2.intoMemorySegment(ALL, out + 8 * BYTES, ORDER);
    y2.intoMemorySegment(ALL, out + 9 * BYTES, ORDER);
    x3.intoMemorySegment(ALL, out + 12 * BYTES, ORDER);
    y3.intoMemorySegment(ALL, out + 13 * BYTES, ORDER);
    x4.intoMemorySegment(ALL, out + 16 * BYTES, ORDER);
    y4.intoMemorySegment(ALL, out + 17 * BYTES, ORDER);
    x5.intoMemorySegment(ALL, out + 20 * BYTES, ORDER);
    y5.intoMemorySegment(ALL, out + 21 * BYTES, ORDER);
  }

  /** Two rows: eight chains, as many as it takes to hide the latency of the multiply-add. */
  static void two(long a, long aStride, long b, long out, int k) {
    FloatVector x0 = zero(F);
    FloatVector y0 = zero(F);
    FloatVector z0 = zero(F);
    FloatVector w0 = zero(F);
    FloatVector x1 = zero(F);
    FloatVector y1 = zero(F);
    FloatVector z1 = zero(F);
    FloatVector w1 = zero(F);
    for (long end = b + k * 4 * BYTES; b < end; b += 4 * BYTES) {
      FloatVector bx = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector by = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector bz = fromMemorySegment(F, ALL, b + 2 * BYTES, ORDER);
      FloatVector bw = fromMemorySegment(F, ALL, b + 3 * BYTES, ORDER);
      FloatVector a0 = broadcast(F, ALL.get(FLOAT, a));
      x0 = a0.fma(bx, x0);
      y0 = a0.fma(by, y0);
      z0 = a0.fma(bz, z0);
      w0 = a0.fma(bw, w0);
      FloatVector a1 = broadcast(F, ALL.get(FLOAT, a + aStride));
      x1 = a1.fma(bx, x1);
      y1 = a1.fma(by, y1);
      z1 = a1.fma(bz, z1);
      w1 = a1.fma(bw, w1);
      a += Float.BYTES;
    }
    x0.intoMemorySegment(ALL, out, ORDER);
    y0.intoMemorySegment(ALL, out + BYTES, ORDER);
    z0.intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
    w0.intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    x1.intoMemorySegment(ALL, out + 4 * BYTES, ORDER);
    y1.intoMemorySegment(ALL, out + 5 * BYTES, ORDER);
    z1.intoMemorySegment(ALL, out + 6 * BYTES, ORDER);
    w1.intoMemorySegment(ALL, out + 7 * BYTES, ORDER);
  }

  /** One row. */
  static void one(long a, long b, long out, int k) {
    FloatVector x0 = zero(F);
    FloatVector y0 = zero(F);
    FloatVector z0 = zero(F);
    FloatVector w0 = zero(F);
    for (long end = b + k * 4 * BYTES; b < end; b += 4 * BYTES) {
      FloatVector bx = fromMemorySegment(F, ALL, b, ORDER);
      FloatVector by = fromMemorySegment(F, ALL, b + BYTES, ORDER);
      FloatVector bz = fromMemorySegment(F, ALL, b + 2 * BYTES, ORDER);
      FloatVector bw = fromMemorySegment(F, ALL, b + 3 * BYTES, ORDER);
      FloatVector a0 = broadcast(F, ALL.get(FLOAT, a));
      x0 = a0.fma(bx, x0);
      y0 = a0.fma(by, y0);
      z0 = a0.fma(bz, z0);
      w0 = a0.fma(bw, w0);
      a += Float.BYTES;
    }
    x0.intoMemorySegment(ALL, out, ORDER);
    y0.intoMemorySegment(ALL, out + BYTES, ORDER);
    z0.intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
    w0.intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
  }

  /**
   * {@code to = alpha * from + bias + residual} on rows of a whole panel. A loop over columns, with
   * its end to test for, took twice the time, 2 to 3 % of a product with 384 terms.
   */
  static void combine(
      int rows,
      long from,
      long fromStride,
      float alpha,
      long bias,
      long biasStride,
      long residual,
      long residualStride,
      long to,
      long toStride) {
    FloatVector factor = broadcast(F, alpha);
    for (int row = 0; row < rows; row++) {
      FloatVector x = fromMemorySegment(F, ALL, from, ORDER);
      FloatVector y = fromMemorySegment(F, ALL, from + BYTES, ORDER);
      FloatVector z = fromMemorySegment(F, ALL, from + 2 * BYTES, ORDER);
      FloatVector w = fromMemorySegment(F, ALL, from + 3 * BYTES, ORDER);
      x = x.fma(factor, fromMemorySegment(F, ALL, bias, ORDER));
      y = y.fma(factor, fromMemorySegment(F, ALL, bias + BYTES, ORDER));
      z = z.fma(factor, fromMemorySegment(F, ALL, bias + 2 * BYTES, ORDER));
      w = w.fma(factor, fromMemorySegment(F, ALL, bias + 3 * BYTES, ORDER));
      x = x.add(fromMemorySegment(F, ALL, residual, ORDER));
      y = y.add(fromMemorySegment(F, ALL, residual + BYTES, ORDER));
      z = z.add(fromMemorySegment(F, ALL, residual + 2 * BYTES, ORDER));
      w = w.add(fromMemorySegment(F, ALL, residual + 3 * BYTES, ORDER));
      x.intoMemorySegment(ALL, to, ORDER);
      y.intoMemorySegment(ALL, to + BYTES, ORDER);
      z.intoMemorySegment(ALL, to + 2 * BYTES, ORDER);
      w.intoMemorySegment(ALL, to + 3 * BYTES, ORDER);
      from += fromStride;
      bias += biasStride;
      residual += residualStride;
      to += toStride;
    }
  }
}
