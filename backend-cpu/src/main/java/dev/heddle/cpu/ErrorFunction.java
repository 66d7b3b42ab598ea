package dev.heddle.cpu;

/**
 * The error function and its complement in float64, within about 1e-15 of their value.
 *
 * <p>By another way than the reference interpreter's, as all functions here are written anew: the
 * conformance kit holds one against the other, and a mistake in shared code would be in both.
 */
final class ErrorFunction {
  /**
   * Chebyshev coefficients, by interpolation in 40 points and 40 digits, of {@code ln(erfc(x)
   * exp(x^2) / t)} over {@code 2t - 1}, where {@code t = 2 / (2 + x)}; the 28 kept leave 3e-18.
   */
  private static final double[] LOG_ERFC = {
    -0.6513268598908547171,
    0.6419697923564902603,
    0.019476473204185836312,
    -0.0095615147868086316419,
    -0.0009465953444820368663,
    0.00036683949785276145187,
    0.000042523324806907771645,
    -0.000020278578112534243154,
    -1.6242900046470255135e-6,
    1.3036558355805232018e-6,
    1.5626441722066143178e-8,
    -8.5238095914926542525e-8,
    6.5290544390988514964e-9,
    5.0593434955514689418e-9,
    -9.9136415649303308674e-10,
    -2.2736512229318358557e-10,
    9.646791102015526802e-11,
    2.3940380830391147447e-12,
    -6.8860275264975533984e-12,
    8.9448792730907257167e-13,
    3.1309213993429580783e-13,
    -1.1270822361367252365e-13,
    3.8109052551892320678e-16,
    7.1060976136092369431e-15,
    -1.5230282014571041472e-15,
    -9.4574945712912544535e-17,
    1.2102371892242730222e-16,
    -2.8166630877467739639e-17,
  };

  private ErrorFunction() {}

  /** {@code 2/sqrt(pi) * integral of exp(-t^2) from 0 to x}. */
  static double erf(double x) {
    // Near 0 the complement has lost the digits.
    return Math.abs(x) < 0.5 ? series(x) : Math.copySign(1 - tail(Math.abs(x)), x);
  }

  /** {@code 1 - erf(x)}. */
  static double erfc(double x) {
    if (Math.abs(x) < 0.5) {
      return 1 - series(x);
    }
    return x > 0 ? tail(x) : 2 - tail(-x);
  }

  /** Maclaurin's series: the terms alternate and fall fast. */
  private static double series(double x) {
    double power = x;
    double sum = x;
    for (int n = 1; n < 16; n++) {
      power *= -x * x / n;
      sum += power / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  /** erfc for x above 0, by Clenshaw's recurrence; a NaN stays one. */
  private static double tail(double x) {
    double t = 2 / (2 + x);
    double twice = 4 * t - 2;
    double next = 0;
    double afterNext = 0;
    for (int i = LOG_ERFC.length - 1; i > 0; i--) {
      double current = twice * next - afterNext + LOG_ERFC[i];
      afterNext = next;
      next = current;
    }
    double square = x * x;
    // What rounding took from the square counts where it is large.
    double lost = Math.fma(x, x, -square);
    return square > 750
        ? 0
        : t * Math.exp(0.5 * twice * next - afterNext + LOG_ERFC[0] - lost) * Math.exp(-square);
  }
}
