package dev.heddle.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What can stand behind {@code |}: jinja2's filters of text, numbers and single values. */
final class Filters {
  static final Set<String> NAMES =
      Set.of(
          "abs",
          "attr",
          "batch",
          "capitalize",
          "center",
          "count",
          "d",
          "default",
          "dictsort",
          "e",
          "escape",
          "first",
          "float",
          "forceescape",
          "format",
          "groupby",
          "indent",
          "int",
          "items",
          "join",
          "last",
          "length",
          "list",
          "lower",
          "map",
          "max",
          "min",
          "pprint",
          "reject",
          "rejectattr",
          "replace",
          "reverse",
          "round",
          "safe",
          "select",
          "selectattr",
          "slice",
          "sort",
          "string",
          "sum",
          "title",
          "tojson",
          "trim",
          "truncate",
          "unique",
          "upper",
          "urlencode",
          "wordcount");

  private Filters() {}

  /** What these give of a marked string is marked too. */
  private static final Set<String> KEEPING_MARKS =
      Set.of("string", "upper", "lower", "title", "capitalize", "trim", "indent", "format");

  static Object apply(String name, Object value, Arguments arguments, Renderer renderer) {
    if (!(value instanceof Markup markup)) {
      return applied(name, value, arguments, renderer);
    }
    if (name.equals("escape") || name.equals("e") || name.equals("d") || name.equals("default")) {
      return markup;
    }
    Object result = applied(name, markup.text(), arguments, renderer);
    return result instanceof String s && KEEPING_MARKS.contains(name) ? new Markup(s) : result;
  }

  private static Object applied(String name, Object value, Arguments arguments, Renderer renderer) {
    Budget budget = renderer.budget();
    return switch (name) {
      case "d", "default" -> {
        boolean absent =
            value instanceof Undefined
                || arguments.truth(1, "boolean", false) && !Values.truth(value);
        yield absent ? arguments.get(0, "default_value", "") : value;
      }
      case "length", "count" -> Values.length(value, budget);
      case "string" -> Values.text(value, budget);
      case "safe" -> new Markup(Values.text(value, budget));
      case "pprint" -> Values.repr(value, budget);
      case "upper" -> text(value, budget).toUpperCase(Locale.ROOT);
      case "lower" -> text(value, budget).toLowerCase(Locale.ROOT);
      case "title" -> title(text(value, budget));
      case "capitalize" -> Text.capitalize(text(value, budget));
      case "trim" -> {
        Object what = arguments.get(0, "chars", null);
        yield Text.strip(
            text(value, budget), what == null ? null : Values.string(what, "trim"), true, true);
      }
      case "center" -> {
        long width = arguments.integer(0, "width", 80);
        budget.make(Math.max(0, width));
        yield StringMethods.center(text(value, budget), width, " ");
      }
      case "replace" ->
          StringMethods.replace(
              text(value, budget),
              text(arguments.get(0, "old"), budget),
              text(arguments.get(1, "new"), budget),
              arguments.get(2, "count", null) == null ? -1 : arguments.integer(2, "count", -1),
              budget);
      case "indent" -> indent(value, arguments, budget);
      case "truncate" -> truncate(text(value, budget), arguments);
      case "wordcount" -> wordCount(text(value, budget));
      case "format" ->
          Formats.percent(text(value, budget), new Tuple(arguments.positional()), budget);
      case "e", "escape", "forceescape" -> new Markup(Markup.escape(text(value, budget), budget));
      case "urlencode" ->
          URLEncoder.encode(text(value, budget), StandardCharsets.UTF_8)
              .replace("+", "%20")
              .replace("*", "%2A")
              .replace("%7E", "~")
              .replace("%2F", "/");
      case "tojson" -> Json.of(value, arguments, budget);
      case "items" -> items(value, budget);
      case "attr" -> Members.attribute(value, Values.string(arguments.get(0, "name"), "attr"));
      case "abs" -> {
        Number number = Values.number(value);
        yield number instanceof Long n ? (Object) Math.abs(n) : Math.abs(number.doubleValue());
      }
      case "int" -> whole(value, arguments);
      case "float" -> floating(value, arguments);
      case "round" -> round(value, arguments);
      default -> ListFilters.apply(name, value, arguments, renderer);
    };
  }

  /** As a string, which jinja2 makes of anything. */
  private static String text(Object value, Budget budget) {
    String text = Values.text(value, budget);
    budget.make(text.length());
    return text;
  }

  private static Object items(Object value, Budget budget) {
    return switch (value) {
      case Undefined undefined -> List.of();
      case Map<?, ?> map -> Members.pairs(map, budget);
      case null, default -> throw JinjaException.failed("Can only get item pairs from a mapping.");
    };
  }

  /** As jinja2's filter, which begins words behind blanks, hyphens and brackets only. */
  private static String title(String text) {
    StringBuilder result = new StringBuilder();
    boolean begins = true;
    for (int c : text.codePoints().toArray()) {
      if (begins) {
        result.append(Character.toString(c).toUpperCase(Locale.ROOT));
      } else {
        result.append(Character.toString(c).toLowerCase(Locale.ROOT));
      }
      begins = Text.isSpace(c) || "-({[<".indexOf(c) >= 0;
    }
    return result.toString();
  }

  private static String indent(Object value, Arguments arguments, Budget budget) {
    String text = text(value, budget);
    Object width = arguments.get(0, "width", 4L);
    String by =
        width instanceof String s
            ? s
            : " ".repeat(Math.clamp(Values.integer(width, "indent"), 0, 1000));
    boolean first = arguments.truth(1, "first", false);
    boolean blank = arguments.truth(2, "blank", false);
    List<Object> lines = Text.lines(text + "\n", false);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      String line = (String) lines.get(i);
      boolean indented = i == 0 ? first : blank || !line.isEmpty();
      budget.make((long) by.length() + line.length(), out.length());
      out.append(i == 0 ? "" : "\n").append(indented ? by : "").append(line);
    }
    return out.toString();
  }

  private static String truncate(String text, Arguments arguments) {
    long length = arguments.integer(0, "length", 255);
    boolean killWords = arguments.truth(1, "killwords", false);
    String end = arguments.string(2, "end", "...");
    Object given = arguments.get(3, "leeway", null);
    long leeway = given == null ? 5 : Values.integer(given, "truncate");
    if (Text.length(text) <= length + leeway) {
      return text;
    }
    long kept = length - Text.length(end);
    if (kept < 0) {
      throw JinjaException.failed("truncate: the length %d is less than the end's", length);
    }
    String cut = Text.slice(text, 0, (int) kept, 1);
    int blank = cut.lastIndexOf(' ');
    return (killWords || blank < 0 ? cut : cut.substring(0, blank)) + end;
  }

  private static long wordCount(String text) {
    long words = 0;
    boolean inside = false;
    for (int c : text.codePoints().toArray()) {
      boolean letter = Character.isLetterOrDigit(c) || c == '_';
      words += letter && !inside ? 1 : 0;
      inside = letter;
    }
    return words;
  }

  private static Object whole(Object value, Arguments arguments) {
    Object otherwise = arguments.get(0, "default", 0L);
    int base = (int) arguments.integer(1, "base", 10);
    try {
      return switch (value) {
        case String s -> {
          String digits = s.strip().replace("_", "");
          try {
            yield base == 0 ? Long.decode(digits) : (Object) Long.parseLong(digits, base);
          } catch (NumberFormatException e) {
            yield truncated(Double.parseDouble(digits));
          }
        }
        case Double d when Double.isNaN(d) || Double.isInfinite(d) -> otherwise;
        case Double d -> truncated(d);
        case Long n -> n;
        case Boolean b -> b ? 1L : 0L;
        case Undefined undefined -> throw undefined.error();
        case null, default -> otherwise;
      };
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private static Object truncated(double value) {
    if (Math.abs(value) >= 0x1p63) {
      throw JinjaException.failed("int: %s is too large for 64 bits", value);
    }
    return (long) value;
  }

  private static Object floating(Object value, Arguments arguments) {
    Object otherwise = arguments.get(0, "default", 0.0);
    try {
      return switch (value) {
        case String s -> Double.valueOf(s.strip());
        case Undefined undefined -> throw undefined.error();
        case null -> otherwise;
        default -> Values.isNumber(value) ? Values.number(value).doubleValue() : otherwise;
      };
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private static Object round(Object value, Arguments arguments) {
    Number number = Values.number(value);
    int precision = Math.clamp(arguments.integer(0, "precision", 0), -300, 300);
    String method = arguments.string(1, "method", "common");
    if (method.equals("common")) {
      // Python rounds what the float truly is, halves to even.
      double x = number.doubleValue();
      if (!Double.isFinite(x)) {
        return x;
      }
      double rounded = new BigDecimal(x).setScale(precision, RoundingMode.HALF_EVEN).doubleValue();
      return number instanceof Long ? (Object) (long) rounded : (Object) rounded;
    }
    double scale = Math.pow(10, precision);
    return switch (method) {
      case "ceil" -> Math.ceil(number.doubleValue() * scale) / scale;
      case "floor" -> Math.floor(number.doubleValue() * scale) / scale;
      default -> throw JinjaException.failed("round: the method must be common, ceil or floor");
    };
  }
}
