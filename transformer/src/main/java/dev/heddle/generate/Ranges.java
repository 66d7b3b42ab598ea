package dev.heddle.generate;

/** Checks that options lie in their ranges. */
final class Ranges {
  private Ranges() {}

  static void token(String name, int id) {
    if (id < 0) {
      throw GenerationException.option("a token id of " + name, id, "0 or more");
    }
  }

  static void atLeast(String name, int value, int least, String meaning) {
    if (value < least) {
      throw GenerationException.option(name, value, meaning);
    }
  }

  static void finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw GenerationException.option(name, value, "a finite number");
    }
  }

  /** In (0, 1]; 1 switches the option off. */
  static void mass(String name, double value) {
    if (!(value > 0 && value <= 1)) {
      throw GenerationException.option(name, value, "a number in (0, 1]; 1 is off");
    }
  }
}
