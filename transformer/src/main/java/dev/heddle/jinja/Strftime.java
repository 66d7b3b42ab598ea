package dev.heddle.jinja;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Python's {@code strftime} in the C locale. */
final class Strftime {
  private Strftime() {}

  static String format(String format, LocalDateTime time) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char code = format.charAt(++i);
      boolean unpadded = code == '-' && i + 1 < format.length();
      if (unpadded) {
        code = format.charAt(++i);
      }
      String made = one(code, time);
      out.append(unpadded ? withoutZeros(made) : made);
    }
    return out.toString();
  }

  private static String withoutZeros(String text) {
    int from = 0;
    while (from + 1 < text.length() && text.charAt(from) == '0') {
      from++;
    }
    return text.substring(from);
  }

  private static String one(char code, LocalDateTime time) {
    return switch (code) {
      case 'Y' -> pattern("yyyy", time);
      case 'y' -> pattern("yy", time);
      case 'm' -> pattern("MM", time);
      case 'B' -> pattern("MMMM", time);
      case 'b', 'h' -> pattern("MMM", time);
      case 'd' -> pattern("dd", time);
      case 'e' -> pattern("ppd", time);
      case 'j' -> pattern("DDD", time);
      case 'A' -> pattern("EEEE", time);
      case 'a' -> pattern("EEE", time);
      case 'H' -> pattern("HH", time);
      case 'I' -> pattern("hh", time);
      case 'M' -> pattern("mm", time);
      case 'S' -> pattern("ss", time);
      case 'f' -> pattern("SSSSSS", time);
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'F' -> pattern("yyyy-MM-dd", time);
      case 'T', 'X' -> pattern("HH:mm:ss", time);
      case 'R' -> pattern("HH:mm", time);
      case 'D', 'x' -> pattern("MM/dd/yy", time);
      case 'c' -> pattern("EEE MMM ppd HH:mm:ss yyyy", time);
      case 'u' -> Integer.toString(time.getDayOfWeek().getValue());
      case 'w' -> Integer.toString(time.getDayOfWeek().getValue() % 7);
      // A time without a zone has no name nor offset of one.
      case 'Z', 'z' -> "";
      case '%' -> "%";
      case 'n' -> "\n";
      case 't' -> "\t";
      default -> throw JinjaException.failed("strftime_now: the code %%%s is not supported", code);
    };
  }

  private static String pattern(String pattern, LocalDateTime time) {
    return time.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
  }
}
