package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The filter {@code tojson} as transformers defines it for chat templates: Python's {@code
 * json.dumps} with {@code ensure_ascii}, {@code indent}, {@code separators} and {@code sort_keys},
 * without the escapes for HTML that jinja2's own has.
 */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private final boolean ascii;
  private final boolean sorted;

  /** What one level is indented by; null: all in one line. */
  private final String indent;

  private final String itemSeparator;
  private final String keySeparator;
  private final Budget budget;

  private Json(Arguments arguments, Budget budget) {
    this.budget = budget;
    this.ascii = arguments.truth(0, "ensure_ascii", false);
    this.sorted = arguments.truth(3, "sort_keys", false);
    Object wanted = arguments.get(1, "indent", null);
    this.indent =
        switch (wanted) {
          case null -> null;
          case String s -> s;
          default -> " ".repeat(Math.clamp(Values.integer(wanted, "tojson"), 0, 64));
        };
    Object separators = arguments.get(2, "separators", null);
    if (separators == null) {
      this.itemSeparator = indent == null ? ", " : ",";
      this.keySeparator = ": ";
    } else {
      List<?> pair = Values.items(separators, budget);
      if (pair.size() != 2) {
        throw JinjaException.failed("tojson: separators are %d; expected 2", pair.size());
      }
      this.itemSeparator = Values.string(pair.get(0), "tojson");
      this.keySeparator = Values.string(pair.get(1), "tojson");
    }
  }

  static String of(Object value, Arguments arguments, Budget budget) {
    Json json = new Json(arguments, budget);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int depth) {
    budget.make(1, out.length());
    if (depth > 100) {
      throw JinjaException.limit("a value is nested deeper than 100");
    }
    switch (Markup.plain(value)) {
      case null -> out.append("null");
      case Boolean b -> out.append(b);
      case Long n -> out.append(n);
      case Double d -> out.append(number(d));
      case String s -> string(s);
      case List<?> list -> {
        String before = "[";
        for (Object each : list) {
          out.append(before);
          line(depth + 1);
          write(each, depth + 1);
          before = itemSeparator;
        }
        end(list.isEmpty(), "[]", "]", depth);
      }
      case Map<?, ?> map -> object(map, depth);
      case Undefined undefined -> throw undefined.error();
      default ->
          throw JinjaException.failed("tojson: '%s' has no form in JSON", Values.type(value));
    }
  }

  private void object(Map<?, ?> map, int depth) {
    List<Object> keys = new ArrayList<>(map.keySet());
    if (sorted) {
      budget.sort(keys.size());
      keys.sort((a, b) -> Values.compare(a, b, budget));
    }
    String before = "{";
    for (Object key : keys) {
      out.append(before);
      line(depth + 1);
      string(
          switch (key) {
            case String s -> s;
            case null -> "null";
            case Boolean b -> b.toString();
            case Long n -> n.toString();
            case Double d -> number(d);
            default ->
                throw JinjaException.failed("tojson: '%s' is no key in JSON", Values.type(key));
          });
      out.append(keySeparator);
      write(map.get(key), depth + 1);
      before = itemSeparator;
    }
    end(map.isEmpty(), "{}", "}", depth);
  }

  private void end(boolean empty, String whole, String end, int depth) {
    if (empty) {
      out.append(whole);
    } else {
      line(depth);
      out.append(end);
    }
  }

  private void line(int depth) {
    if (indent != null) {
      budget.make((long) indent.length() * depth, out.length());
      out.append('\n').repeat(indent, depth);
    }
  }

  private static String number(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    return Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity" : Text.number(value);
  }

  private void string(String text) {
    budget.make(text.length(), out.length());
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < 0x20 || ascii && c > 0x7e) {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
