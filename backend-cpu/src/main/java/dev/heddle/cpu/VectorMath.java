package dev.heddle.cpu;

import static dev.heddle.cpu.Vectors.all;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.SQRT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;

/**
 * Functions of float32 vectors, each lane by itself: a value's result depends neither on its lane
 * nor on the vector's width.
 *
 * <p>All are polynomials or quotients of polynomials, fitted for this class: least maximal error
 * (Lawson's iteration on Chebyshev points), the coefficients rounded to float32 one after another
 * and the rest fitted again. "Fit" below is the error of the function that the rounded coefficients
 * define, before rounding in its evaluation. NaN gives NaN everywhere.
 *
 * <p>None calls another: loops put them together, for a reason that {@link Vectors} gives.
 *
 * <p>Constants are vectors, for one made of a number in its place takes a quarter more of the room
 * that the compiler has for inlining ({@link Vectors} tells how little there is), and is no faster.
 */
final class VectorMath {
  private static final FloatVector ZERO = all(0);
  private static final FloatVector HALF = all(0.5f);
  private static final FloatVector ONE = all(1);
  private static final FloatVector TWO = all(2);
  private static final FloatVector MINUS_ONE = all(-1);
  private static final FloatVector INFINITY = all(Float.POSITIVE_INFINITY);

  private VectorMath() {}

  // The exponential: x = n ln 2 + r, |r| <= ln 2 / 2; e^x = 2^n e^r.

  /** Adding and subtracting it rounds |x| up to 2^22 to a whole number, ties to even. */
  private static final float ROUND_BITS = 0x1.8p23f;

  private static final FloatVector ROUND = all(ROUND_BITS);
  private static final FloatVector BIASED_ROUND = all(ROUND_BITS + 127);
  private static final FloatVector LOG2_E = all(1.442695f);
  // The sum is ln 2 to 41 bits; n * LN2_HIGH is exact for |n| < 2^7.
  private static final FloatVector LN2_HIGH = all(0x1.62e4p-1f);
  private static final FloatVector LN2_LOW = all(1.4286068e-6f);
  private static final FloatVector MINUS_LN2_HIGH = LN2_HIGH.neg();
  private static final FloatVector MINUS_LN2_LOW = LN2_LOW.neg();
  private static final FloatVector EXP_2 = all(0.49999994f);
  private static final FloatVector EXP_3 = all(0.16666521f);
  private static final FloatVector EXP_4 = all(0.041668277f);
  private static final FloatVector EXP_5 = all(0.008368687f);
  private static final FloatVector EXP_6 = all(0.0013819785f);
  private static final FloatVector EXP_LEAST = all(-104);
  private static final FloatVector EXP_LEAST_NORMAL = all(-87.3f);
  private static final FloatVector EXP_GREATEST = all(89);

  // e^r = 1 + r (1 + r (EXP_2 + ...)), exactly 1 at 0; fit: 2^-28.2 of the value.

  /** e^x within 1 ulp; infinity from 88.72284 on, subnormals below -87.33655, 0 from -104 on. */
  static FloatVector exp(FloatVector x) {
    FloatVector shifted = x.fma(LOG2_E, ROUND);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector p = r.fma(EXP_6, EXP_5);
    p = p.fma(r, EXP_4);
    p = p.fma(r, EXP_3);
    p = p.fma(r, EXP_2);
    p = p.fma(r, ONE);
    p = p.fma(r, ONE);
    // 2^n in two factors, for n from -150 to 128 does not fit into one.
    IntVector exponent = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUND_BITS));
    IntVector half = exponent.lanewise(ASHR, 1);
    IntVector rest = exponent.sub(half);
    FloatVector y = p.mul(half.add(127).lanewise(LSHL, 23).reinterpretAsFloats());
    y = y.mul(rest.add(127).lanewise(LSHL, 23).reinterpretAsFloats());
    y = y.blend(ZERO, x.compare(LT, EXP_LEAST));
    return y.blend(INFINITY, x.compare(GT, EXP_GREATEST));
  }

  /**
   * e^x within 1 ulp for x up to 0, and 0 below -87.3: what a softmax needs. Exactly 1 at 0 and 0
   * at -infinity.
   */
  static FloatVector expOfNonPositive(FloatVector x) {
    FloatVector shifted = x.fma(LOG2_E, BIASED_ROUND);
    FloatVector n = shifted.sub(BIASED_ROUND);
    FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    FloatVector p = r.fma(EXP_6, EXP_5);
    p = p.fma(r, EXP_4);
    p = p.fma(r, EXP_3);
    p = p.fma(r, EXP_2);
    p = p.fma(r, ONE);
    p = p.fma(r, ONE);
    FloatVector power = shifted.reinterpretAsInts().lanewise(LSHL, 23).reinterpretAsFloats();
    return p.mul(power).blend(ZERO, x.compare(LT, EXP_LEAST_NORMAL));
  }

  // Logarithms.

  private static final FloatVector MIN_NORMAL = all(Float.MIN_NORMAL);
  private static final FloatVector TO_NORMAL = all(0x1p23f);
  private static final FloatVector TO_NORMAL_EXPONENT = all(23);
  private static final FloatVector NOT_A_NUMBER = all(Float.NaN);
  private static final FloatVector MINUS_INFINITY = all(Float.NEGATIVE_INFINITY);
  private static final FloatVector LOG_1 = all(0.66666776f);
  private static final FloatVector LOG_2 = all(0.39977583f);
  private static final FloatVector LOG_3 = all(0.29870832f);

  /**
   * ln x within 1 ulp; NaN for negative numbers, -infinity for 0.
   *
   * <p>x = (1 + f) 2^e. With s = f / (2 + f), ln(1 + f) = 2 atanh(s) = 2s + s R(s^2), and 2s = f -
   * s f keeps f, the largest part, exact. Fit: 2^-30.2 of ln(1 + f).
   */
  static FloatVector log(FloatVector x) {
    // Subnormals are scaled by 2^23 first.
    VectorMask<Float> tiny = x.compare(LT, MIN_NORMAL);
    IntVector scaled = x.mul(TO_NORMAL, tiny).reinterpretAsInts();
    // 1 + f from sqrt(1/2) to sqrt(2).
    IntVector exponent = scaled.sub(0x3f3504f3).lanewise(ASHR, 23);
    FloatVector f = scaled.sub(exponent.lanewise(LSHL, 23)).reinterpretAsFloats().sub(ONE);
    FloatVector e = exponent.add(Float.floatToRawIntBits(ROUND_BITS)).reinterpretAsFloats();
    e = e.sub(ROUND).sub(TO_NORMAL_EXPONENT, tiny);
    FloatVector s = f.div(f.add(TWO));
    FloatVector z = s.mul(s);
    FloatVector r = z.fma(LOG_3, LOG_2).fma(z, LOG_1).mul(z);
    FloatVector halfSquare = f.mul(f).mul(HALF);
    FloatVector tail = halfSquare.add(r).fma(s, e.mul(LN2_LOW)).sub(halfSquare);
    FloatVector y = e.fma(LN2_HIGH, f.add(tail));
    y = y.blend(NOT_A_NUMBER, x.compare(LT, ZERO));
    y = y.blend(MINUS_INFINITY, x.compare(EQ, ZERO));
    // Infinity and NaN are themselves.
    return x.blend(y, x.compare(LT, INFINITY));
  }

  private static final FloatVector LOG1P_1 = all(0.6666642f);
  private static final FloatVector LOG1P_2 = all(0.40021437f);
  private static final FloatVector LOG1P_3 = all(0.28003022f);
  private static final FloatVector LOG1P_4 = all(0.2800682f);

  /**
   * ln(1 + e^x) = max(x, 0) + ln(1 + z), z = e^-|x|, within 3 ulp. With s = z / (2 + z), ln(1 + z)
   * = 2 atanh(s); fit: 2^-27.7 of it.
   *
   * @param z e^-|x|
   */
  static FloatVector softplus(FloatVector x, FloatVector z) {
    FloatVector s = z.div(z.add(TWO));
    FloatVector t = s.mul(s);
    FloatVector r = t.fma(LOG1P_4, LOG1P_3).fma(t, LOG1P_2).fma(t, LOG1P_1).mul(t);
    return x.blend(ZERO, x.compare(LT, ZERO)).add(s.fma(r, s.add(s)));
  }

  // The error function, the hyperbolic tangent and their kin.

  private static final FloatVector ERF_P0 = all(1.6501443f);
  private static final FloatVector ERF_P1 = all(0.27089012f);
  private static final FloatVector ERF_P2 = all(0.07932206f);
  private static final FloatVector ERF_P3 = all(0.0056166267f);
  private static final FloatVector ERF_P4 = all(0.0005500552f);
  private static final FloatVector ERF_P5 = all(6.71225e-6f);
  private static final FloatVector ERF_P6 = all(-1.8582648e-8f);
  private static final FloatVector ERF_Q0 = all(1.4624023f);
  private static final FloatVector ERF_Q1 = all(0.72753763f);
  private static final FloatVector ERF_Q2 = all(0.16656908f);
  private static final FloatVector ERF_Q3 = all(0.022567581f);
  private static final FloatVector ERF_Q4 = all(0.0019027508f);
  private static final FloatVector ERF_Q5 = all(9.0986054e-5f);
  private static final FloatVector ERF_BOUND = all(3.925f);
  private static final FloatVector MINUS_ERF_BOUND = ERF_BOUND.neg();

  /** erf x within 6 ulp: an odd quotient up to |x| = 3.925, where it is 1; fit: 2^-27.1. */
  static FloatVector erf(FloatVector x) {
    FloatVector t = x.mul(x);
    FloatVector p = t.fma(ERF_P6, ERF_P5);
    p = p.fma(t, ERF_P4);
    p = p.fma(t, ERF_P3);
    p = p.fma(t, ERF_P2);
    p = p.fma(t, ERF_P1);
    p = p.fma(t, ERF_P0);
    FloatVector q = t.fma(ERF_Q5, ERF_Q4);
    q = q.fma(t, ERF_Q3);
    q = q.fma(t, ERF_Q2);
    q = q.fma(t, ERF_Q1);
    q = q.fma(t, ERF_Q0);
    FloatVector y = x.mul(p.div(q));
    // The last digits of the quotient can pass 1 before the bound does.
    y = y.blend(ONE, y.compare(GT, ONE).or(x.compare(GT, ERF_BOUND)));
    return y.blend(MINUS_ONE, y.compare(LT, MINUS_ONE).or(x.compare(LT, MINUS_ERF_BOUND)));
  }

  private static final FloatVector TANH_1 = all(-0.3333328f);
  private static final FloatVector TANH_2 = all(0.13331406f);
  private static final FloatVector TANH_3 = all(-0.053736515f);
  private static final FloatVector TANH_4 = all(0.020628167f);
  private static final FloatVector TANH_5 = all(-0.005692296f);
  private static final FloatVector TANH_BOUND = all(0.625f);
  private static final FloatVector MINUS_TANH_BOUND = TANH_BOUND.neg();
  private static final FloatVector MINUS_TWO = all(-2);

  /** -2 |x|. */
  static FloatVector minusTwice(FloatVector x) {
    return x.lanewise(ABS).mul(MINUS_TWO);
  }

  /**
   * tanh x within 2 ulp: x + x^3 P(x^2) up to |x| = 0.625 (fit: 2^-27.7), then 1 - 2z / (1 + z).
   *
   * @param z e^(-2|x|)
   */
  static FloatVector tanh(FloatVector x, FloatVector z) {
    FloatVector t = x.mul(x);
    FloatVector p = t.fma(TANH_5, TANH_4);
    p = p.fma(t, TANH_3);
    p = p.fma(t, TANH_2);
    p = p.fma(t, TANH_1);
    FloatVector y = p.mul(t).fma(x, x);
    FloatVector large = ONE.sub(z.add(z).div(z.add(ONE)));
    y = y.blend(large, x.compare(GT, TANH_BOUND));
    return y.blend(large.neg(), x.compare(LT, MINUS_TANH_BOUND));
  }

  /**
   * y / (1 + e^-x), by z / (1 + z) where x is negative: nothing overflows. With y = 1 within 3 ulp;
   * 0 below -87.3.
   *
   * @param z e^-|x|
   */
  static FloatVector timesSigmoid(FloatVector y, FloatVector x, FloatVector z) {
    return y.mul(ONE.blend(z, x.compare(LT, ZERO))).div(z.add(ONE));
  }

  private static final FloatVector GELU_P0 = all(0.39894223f);
  private static final FloatVector GELU_P1 = all(0.033851814f);
  private static final FloatVector GELU_P2 = all(0.0046771998f);
  private static final FloatVector GELU_P3 = all(0.00016881603f);
  private static final FloatVector GELU_P4 = all(6.3519533e-6f);
  private static final FloatVector GELU_P5 = all(2.2749434e-8f);
  private static final FloatVector GELU_Q1 = all(0.25151983f);
  private static final FloatVector GELU_Q2 = all(0.02864537f);
  private static final FloatVector GELU_Q3 = all(0.0018843901f);
  private static final FloatVector GELU_Q4 = all(7.36439e-5f);
  private static final FloatVector GELU_Q5 = all(1.1974938e-6f);
  private static final FloatVector GELU_BOUND_SQUARED = all(30.25f);

  /**
   * x/2 (1 + erf(x / sqrt 2)) as x/2 + x^2 R(x^2), R a quotient, up to |x| = 5.5, beyond which it
   * is x or 0; fit: |x| 2^-26.7. The error is at most 2^-22.3 max(1, |x|), as a sweep of every
   * float32 showed.
   */
  static FloatVector gelu(FloatVector x) {
    FloatVector t = x.mul(x);
    FloatVector p = t.fma(GELU_P5, GELU_P4);
    p = p.fma(t, GELU_P3);
    p = p.fma(t, GELU_P2);
    p = p.fma(t, GELU_P1);
    p = p.fma(t, GELU_P0);
    FloatVector q = t.fma(GELU_Q5, GELU_Q4);
    q = q.fma(t, GELU_Q3);
    q = q.fma(t, GELU_Q2);
    q = q.fma(t, GELU_Q1);
    q = q.fma(t, ONE);
    FloatVector half = x.mul(HALF);
    FloatVector y = t.fma(p.div(q), half);
    return y.blend(half.add(half.lanewise(ABS)), t.compare(GT, GELU_BOUND_SQUARED));
  }

  private static final FloatVector GELU_TANH_1 = all(1.5957691f);
  private static final FloatVector GELU_TANH_3 = all(0.07135482f);

  /** 2u, u = sqrt(2/pi) (x + 0.044715 x^3): x/2 (1 + tanh u) is x sigmoid(2u). */
  static FloatVector geluTanhArgument(FloatVector x) {
    return x.mul(x).fma(GELU_TANH_3, GELU_TANH_1).mul(x);
  }

  // Simple ones.

  /** max(x, 0); -0 stays. */
  static FloatVector relu(FloatVector x) {
    return x.blend(ZERO, x.compare(LT, ZERO));
  }

  /** 1 / sqrt(x). */
  static FloatVector rsqrt(FloatVector x) {
    return ONE.div(x.lanewise(SQRT));
  }

  /** -1, 0 or 1. */
  static FloatVector sign(FloatVector x) {
    FloatVector y = x.blend(ONE, x.compare(GT, ZERO)).blend(MINUS_ONE, x.compare(LT, ZERO));
    return y.blend(ZERO, x.compare(EQ, ZERO));
  }

  /** From here on every number is whole. */
  private static final FloatVector WHOLE = all(0x1p23f);

  /** Nearest whole number, ties to even; the sign stays. */
  static FloatVector round(FloatVector x) {
    FloatVector magnitude = x.lanewise(ABS);
    FloatVector rounded = magnitude.add(WHOLE).sub(WHOLE);
    rounded = magnitude.blend(rounded, magnitude.compare(LT, WHOLE));
    IntVector sign = x.reinterpretAsInts().lanewise(LSHR, 31).lanewise(LSHL, 31);
    return rounded.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }

  /**
   * Largest whole number not above x; the sign of zero stays.
   *
   * @param nearest x rounded
   */
  static FloatVector floor(FloatVector x, FloatVector nearest) {
    return nearest.sub(ONE, nearest.compare(GT, x));
  }

  /**
   * Smallest whole number not below x; the sign stays.
   *
   * @param nearest x rounded
   */
  static FloatVector ceil(FloatVector x, FloatVector nearest) {
    FloatVector y = nearest.add(ONE, nearest.compare(LT, x));
    IntVector sign = x.reinterpretAsInts().lanewise(LSHR, 31).lanewise(LSHL, 31);
    return y.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }
}
