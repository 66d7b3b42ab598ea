package dev.heddle.jinja;

import java.util.Arrays;
import java.util.IllegalFormatException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Python's {@code 'x %s' % y} and {@code 'x {}'.format(y)}, as far as templates use them. */
final class Formats {
  private Formats() {}

  static String percent(String format, Object values, Budget budget) {
    List<?> items = values instanceof Tuple tuple ? tuple : Arrays.asList(values);
    StringBuilder out = new StringBuilder();
    int next = 0;
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      int begin = ++i;
      while (i < format.length() && "-+0 .123456789".indexOf(format.charAt(i)) >= 0) {
        i++;
      }
      if (i == format.length()) {
        throw JinjaException.failed("the format ends within a '%%'");
      }
      char kind = format.charAt(i);
      if (kind == '%') {
        out.append('%');
        continue;
      }
      if (next == items.size()) {
        throw JinjaException.failed("there are fewer values than the format has places");
      }
      String made = one(kind, format.substring(begin, i), items.get(next++), budget);
      budget.make(made.length(), out.length());
      out.append(made);
    }
    if (next < items.size() && !(values instanceof Map)) {
      throw JinjaException.failed("there are more values than the format has places");
    }
    return out.toString();
  }

  private static String one(char kind, String flags, Object value, Budget budget) {
    if (flags.length() > 6) {
      throw JinjaException.failed("the format %%%s%s is not supported", flags, kind);
    }
    try {
      return switch (kind) {
        case 's' -> ("%" + flags + "s").formatted(Values.text(value, budget));
        case 'r' -> ("%" + flags + "s").formatted(Values.repr(value, budget));
        case 'd', 'i' ->
            String.format(Locale.ROOT, "%" + flags + "d", Values.number(value).longValue());
        case 'x', 'X' ->
            String.format(Locale.ROOT, "%" + flags + kind, Values.integer(value, "%x"));
        case 'f', 'e' ->
            String.format(Locale.ROOT, "%" + flags + kind, Values.number(value).doubleValue());
        default -> throw JinjaException.failed("the format %%%s is not supported", kind);
      };
    } catch (IllegalFormatException e) {
      throw JinjaException.failed("the format %%%s%s is not supported", flags, kind);
    }
  }

  /** {@code {}}, {@code {0}} and {@code {name}}; no attributes, no widths. */
  static String format(String format, Arguments arguments, Budget budget) {
    StringBuilder out = new StringBuilder();
    int next = 0;
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
      if (c != '{' && c != '}') {
        out.append(c);
      } else if (doubled) {
        out.append(c);
        i++;
      } else {
        int end = c == '{' ? format.indexOf('}', i) : -1;
        if (end < 0) {
          throw JinjaException.failed("format(): a single '%s'", c);
        }
        String field = format.substring(i + 1, end);
        Object value;
        if (field.isEmpty()) {
          value = arguments.get(next++, "");
        } else if (field.chars().allMatch(d -> d >= '0' && d <= '9') && field.length() < 4) {
          value = arguments.get(Integer.parseInt(field), "");
        } else if (arguments.named().containsKey(field)) {
          value = arguments.named().get(field);
        } else {
          throw JinjaException.failed("format(): '{%s}' is not given or not supported", field);
        }
        String made = Values.text(value, budget);
        budget.make(made.length(), out.length());
        out.append(made);
        i = end;
      }
    }
    return out.toString();
  }
}
