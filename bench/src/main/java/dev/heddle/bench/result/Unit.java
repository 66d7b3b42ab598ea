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
    if (this == TOKENS || this == TEXTS) {
      return digits(perSecond) + " " + symbol;
    }
    String prefixes = " kMGTP";
    double scaled = perSecond;
    int prefix = 0;
    while (scaled >= 1000 && prefix < prefixes.length() - 1) {
      scaled /= 1000;
      prefix++;
    }
    return digits(scaled) + " " + prefixes.substring(prefix, prefix + 1).strip() + symbol;
  }

  private static String digits(double value) {
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
