package dev.heddle.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.Unary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sweeps of float32 inputs of every exponent and both signs against float64. */
@Tag("width")
class VectorMathTest {
  /** Odd, so that the low bits of the mantissa vary too. */
  private static final int STRIDE = Integer.getInteger("heddle.sweep.stride", 2003);

  private static final float[] SPECIAL = {
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    0.5f,
    -0.5f,
    1f,
    -1f,
    1.5f,
    -2.5f,
    5.5f,
    -5.5f,
    0x1p23f,
    -0x1.000002p23f,
    87.33655f,
    -87.33655f,
    88.72283f,
    -88.72284f,
    -103.97f,
    -104.1f,
    Float.MAX_VALUE,
    -Float.MAX_VALUE
  };

  @Test
  void exponentialsAndLogarithmsAreWithinAnUlpOrTwo() {
    sweep(1, of(Unary.Kind.EXP), Math::exp);
    sweep(1, of(Unary.Kind.LOG), Math::log);
    sweep(3, of(Unary.Kind.SOFTPLUS), x -> x < -87.3f ? 0 : Float64.softplus(x));
  }

  @Test
  void saturatingFunctionsAreWithinAFewUlps() {
    sweep(6, of(Unary.Kind.ERF), Float64::erf);
    sweep(2, of(Unary.Kind.TANH), Math::tanh);
    sweep(3, of(Unary.Kind.SIGMOID), x -> x < -87.3f ? 0 : Float64.sigmoid(x));
  }

  @Test
  void exponentialOfNonPositiveNumbersFlushesToZero() {
    sweep(
        1,
        x ->
            VectorMath.expOfNonPositive(x.lanewise(jdk.incubator.vector.VectorOperators.ABS).neg()),
        x -> Math.abs(x) > 87.3f ? 0 : Math.exp(-Math.abs(x)));
    assertEquals(1f, one(VectorMath::expOfNonPositive, 0f));
    assertEquals(1f, one(VectorMath::expOfNonPositive, -0f));
    assertEquals(0f, one(VectorMath::expOfNonPositive, Float.NEGATIVE_INFINITY));
  }

  @Test
  void geluIsWithinTwoToTheMinus22OfFloat64() {
    double worst = worst(of(Unary.Kind.GELU), Float64::gelu, VectorMathTest::byMagnitude);
    assertTrue(worst <= 0x1p-22, "error / max(1, |x|): " + worst);
    for (float x : new float[] {5.51f, 7f, 1e20f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
      assertEquals(x, one(of(Unary.Kind.GELU), x));
    }
    assertEquals(0f, one(of(Unary.Kind.GELU), -1000f));
  }

  @Test
  void otherActivationsAreWithinTwoToTheMinus22() {
    for (double worst :
        new double[] {
          worst(of(Unary.Kind.GELU_TANH), Float64::geluTanh, VectorMathTest::byMagnitude),
          worst(
              of(Unary.Kind.QUICK_GELU),
              x -> x * Float64.sigmoid(1.702 * x),
              VectorMathTest::byMagnitude),
          worst(of(Unary.Kind.SILU), x -> x * Float64.sigmoid(x), VectorMathTest::byMagnitude)
        }) {
      assertTrue(worst <= 0x1p-22, "error / max(1, |x|): " + worst);
    }
  }

  @Test
  void roundingAndSignAreExact() {
    sweep(0, of(Unary.Kind.FLOOR), Math::floor);
    sweep(0, of(Unary.Kind.CEIL), Math::ceil);
    sweep(0, of(Unary.Kind.ROUND), Math::rint);
    sweep(0, of(Unary.Kind.RELU), x -> Math.max(x, 0));
    sweep(0, of(Unary.Kind.SIGN), Math::signum);
    sweep(2, of(Unary.Kind.RSQRT), x -> 1 / Math.sqrt(x));
    assertEquals(-0f, one(of(Unary.Kind.CEIL), -0.3f));
    assertEquals(-0f, one(of(Unary.Kind.ROUND), -0.3f));
  }

  @Test
  void limitsAreThoseOfTheFunctions() {
    assertEquals(0f, one(of(Unary.Kind.EXP), Float.NEGATIVE_INFINITY));
    assertEquals(0f, one(of(Unary.Kind.EXP), -1e30f));
    assertEquals(Float.POSITIVE_INFINITY, one(of(Unary.Kind.EXP), Float.POSITIVE_INFINITY));
    assertEquals(Float.POSITIVE_INFINITY, one(of(Unary.Kind.EXP), 1e30f));
    assertEquals(Float.NEGATIVE_INFINITY, one(of(Unary.Kind.LOG), -0f));
    assertEquals(Float.POSITIVE_INFINITY, one(of(Unary.Kind.LOG), Float.POSITIVE_INFINITY));
    assertEquals(Float.NaN, one(of(Unary.Kind.LOG), -1f));
    assertEquals(-1f, one(of(Unary.Kind.TANH), Float.NEGATIVE_INFINITY));
    assertEquals(1f, one(of(Unary.Kind.ERF), Float.POSITIVE_INFINITY));
    assertEquals(0f, one(of(Unary.Kind.SIGMOID), Float.NEGATIVE_INFINITY));
    assertEquals(1f, one(of(Unary.Kind.SIGMOID), Float.POSITIVE_INFINITY));
  }

  /** The loop over a function, on one vector. */
  private static UnaryOperator<FloatVector> of(Unary.Kind kind) {
    MemorySegment memory = Arena.ofAuto().allocate(Vectors.BYTES + ElementKernels.SCRATCH);
    return x -> {
      long address = memory.address();
      Vectors.store(address, x);
      VectorUnary.apply(kind, address, address, Vectors.LANES, address + Vectors.BYTES);
      FloatVector y = Vectors.load(address);
      Reference.reachabilityFence(memory);
      return y;
    };
  }

  /** Asserts that the error is at most {@code ulps} units in the last place of the exact value. */
  private static void sweep(
      double ulps, UnaryOperator<FloatVector> function, DoubleUnaryOperator exact) {
    double worst =
        worst(
            function,
            exact,
            (x, y, expected) -> Math.abs(y - expected) / Math.ulp((float) expected));
    // Rounding alone costs half a unit.
    assertTrue(worst <= ulps + (ulps == 0 ? 0 : 0.01), "error in ulps: " + worst);
  }

  private static double byMagnitude(float x, float y, double expected) {
    return Math.abs(y - expected) / Math.max(1, Math.abs(x));
  }

  private interface Error {
    double of(float x, float y, double expected);
  }

  private static double worst(
      UnaryOperator<FloatVector> function, DoubleUnaryOperator exact, Error error) {
    int lanes = Vectors.LANES;
    float[] x = new float[lanes];
    float[] y = new float[lanes];
    double worst = 0;
    long next = 0;
    int special = 0;
    while (next < 1L << 32) {
      for (int i = 0; i < lanes; i++) {
        x[i] = special < SPECIAL.length ? SPECIAL[special++] : Float.intBitsToFloat((int) next);
        next += STRIDE;
      }
      function.apply(FloatVector.fromArray(Vectors.F, x, 0)).intoArray(y, 0);
      for (int i = 0; i < lanes; i++) {
        if (Float.isInfinite(x[i])) {
          continue;
        }
        double expected = exact.applyAsDouble(x[i]);
        if (Double.isNaN(expected) || Double.isInfinite((float) expected)) {
          assertEquals((float) expected, y[i], "of " + x[i]);
        } else {
          worst = Math.max(worst, error.of(x[i], y[i], expected));
        }
      }
    }
    return worst;
  }

  private static float one(UnaryOperator<FloatVector> function, float x) {
    float first = function.apply(FloatVector.broadcast(Vectors.F, x)).lane(0);
    float last =
        function.apply(Vectors.zero().withLane(Vectors.LANES - 1, x)).lane(Vectors.LANES - 1);
    assertEquals(first, last);
    return first;
  }
}
