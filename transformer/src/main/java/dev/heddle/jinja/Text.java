package dev.heddle.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Strings as Python has them: of code points, with its idea of white space. */
final class Text {
  private Text() {}

  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  static boolean isBlank(String text) {
    return text.chars().allMatch(Text::isSpace);
  }

  static String stripEnd(String text) {
    return strip(text, null, false, true);
  }

  /** Without white space, or the characters {@code what}, at the chosen ends. */
  static String strip(String text, String what, boolean start, boolean end) {
    int from = 0;
    int to = text.length();
    while (start && from < to && strips(text.codePointAt(from), what)) {
      from += Character.charCount(text.codePointAt(from));
    }
    while (end && from < to && strips(text.codePointBefore(to), what)) {
      to -= Character.charCount(text.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  private static boolean strips(int c, String what) {
    return what == null ? isSpace(c) : what.indexOf(c) >= 0;
  }

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** The characters from {@code from} on, {@code count} of them, each {@code step} further. */
  static String slice(String text, int from, int count, int step) {
    if (length(text) == text.length() && step == 1) {
      return text.substring(from, from + count);
    }
    int[] points = text.codePoints().toArray();
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < count; i++) {
      result.appendCodePoint(points[from + i * step]);
    }
    return result.toString();
  }

  static List<Object> characters(String text) {
    List<Object> characters = new ArrayList<>();
    text.codePoints().forEach(c -> characters.add(Character.toString(c)));
    return characters;
  }

  /** Python's {@code splitlines}. */
  static List<Object> lines(String text, boolean keepEnds) {
    List<Object> lines = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= '\n' && c <= '\r'
          || c >= 0x1c && c <= 0x1e
          || c == 0x85
          || c == 0x2028
          || c == 0x2029) {
        int end = c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
        lines.add(text.substring(start, keepEnds ? end : i));
        start = end;
        i = end - 1;
      }
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    return lines;
  }

  /** Each word, begun at any letter behind none, with one capital. */
  static String title(String text) {
    StringBuilder result = new StringBuilder();
    boolean inside = false;
    for (int c : text.codePoints().toArray()) {
      String each = Character.toString(c);
      if (inside) {
        result.append(each.toLowerCase(Locale.ROOT));
      } else {
        result.appendCodePoint(Character.toTitleCase(c));
      }
      inside = Character.isLetter(c);
    }
    return result.toString();
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int end = text.offsetByCodePoints(0, 1);
    return Character.toString(Character.toTitleCase(text.codePointAt(0)))
        + text.substring(end).toLowerCase(Locale.ROOT);
  }

  /** Python's {@code repr} of a string. */
  static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder result = new StringBuilder().append(quote);
    for (int c : text.codePoints().toArray()) {
      switch (c) {
        case '\n' -> result.append("\\n");
        case '\r' -> result.append("\\r");
        case '\t' -> result.append("\\t");
        case '\\' -> result.append("\\\\");
        default -> {
          if (c == quote) {
            result.append('\\').append(quote);
          } else if (isPrintable(c)) {
            result.appendCodePoint(c);
          } else {
            String format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
            result.append(format.formatted(c));
          }
        }
      }
    }
    return result.append(quote).toString();
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      case Character.SPACE_SEPARATOR -> c == ' ';
      default -> true;
    };
  }

  /** Python's {@code repr} of a float. */
  static String number(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value < 0 ? "-0.0" : "0.0";
    }
    // Java and Python agree on the digits, not on where an exponent begins.
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = decimal.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = decimal.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return (value < 0 ? "-" : "")
        + mantissa
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }
}
