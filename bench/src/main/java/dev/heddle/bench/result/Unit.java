package dev.heddle.bench.result;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;

/** What is counted of a second's work. */
public enum Unit {
  /** Floating-point operations, a multiply-add being two. */
  FLOPS("FLOP/s"),
  /** Bytes that must be moved. */
  BYTES("B/s"),
  /** Tokens that are read or written. */
  TOKENS("tokens/s"),
  /** Texts that are embedded. */
  TEXTS("texts/s");

  private static final String PREFIXES = " kMGTP";

  private final String symbol;

  Unit(String symbol) {
    this.symbol = symbol;
  }

  /** {@code FLOP/s}. */
  @JsonValue
  @Override
  public String toString() {
    return symbol;
  }

  /** Of {@link #toString}. */
  @JsonCreator
  static Unit of(String symbol) {
    return Arrays.stream(values())
        .filter(unit -> unit.symbol.equals(symbol))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no unit is written " + symbol));
  }

  /** {@code 117 GFLOP/s}: three digits at least, the prefix in steps of a thousand. */
  public String format(double perSecond) {
    return digits(perSecond / scale(perSecond)) + " " + prefixed(perSecond);
  }

  /** What {@link #prefixed} stands for: 1, a thousand, a million, …. */
  public double scale(double perSecond) {
    return Math.pow(1000, prefix(perSecond));
  }

  /** The unit with the prefix that suits a number of it: {@code GFLOP/s}. */
  public String prefixed(double perSecond) {
    return PREFIXES.substring(prefix(perSecond), prefix(perSecond) + 1).strip() + symbol;
  }

  /** Of tokens and texts there are no thousands. */
  private int prefix(double perSecond) {
    boolean counted = this == TOKENS || this == TEXTS;
    int prefix = 0;
    for (double rest = perSecond; !counted && rest >= 1000 && prefix < PREFIXES.length() - 1; ) {
      rest /= 1000;
      prefix++;
    }
    return prefix;
  }

  private static String digits(double value) {
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
