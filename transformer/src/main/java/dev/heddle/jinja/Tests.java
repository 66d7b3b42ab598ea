package dev.heddle.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What can stand behind {@code is}: jinja2's tests. */
final class Tests {
  static final Set<String> NAMES =
      Set.of(
          "defined",
          "undefined",
          "none",
          "boolean",
          "true",
          "false",
          "integer",
          "float",
          "number",
          "string",
          "mapping",
          "iterable",
          "sequence",
          "callable",
          "sameas",
          "eq",
          "equalto",
          "ne",
          "lt",
          "lessthan",
          "le",
          "gt",
          "greaterthan",
          "ge",
          "in",
          "even",
          "odd",
          "divisibleby",
          "upper",
          "lower",
          "filter",
          "test",
          "escaped");

  private Tests() {}

  static boolean test(String name, Object marked, Arguments arguments, Renderer renderer) {
    Object value = Markup.plain(marked);
    return switch (name) {
      case "defined" -> !(value instanceof Undefined);
      case "undefined" -> value instanceof Undefined;
      case "none" -> value == null;
      case "boolean" -> value instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(value);
      case "false" -> Boolean.FALSE.equals(value);
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "number" -> Values.isNumber(value);
      case "string" -> value instanceof String;
      case "mapping" -> value instanceof Map;
      case "iterable" -> Values.isIterable(value);
      case "sequence" -> value instanceof List || value instanceof String || value instanceof Map;
      case "callable" -> value instanceof Function;
      case "sameas" -> value == arguments.get(0, "other") || same(value, arguments.get(0, "other"));
      case "eq", "equalto" -> Values.equal(value, arguments.get(0, "b"), renderer.budget());
      case "ne" -> !Values.equal(value, arguments.get(0, "b"), renderer.budget());
      case "lt", "lessthan" -> Values.compare(value, arguments.get(0, "b"), renderer.budget()) < 0;
      case "le" -> Values.compare(value, arguments.get(0, "b"), renderer.budget()) <= 0;
      case "gt", "greaterthan" ->
          Values.compare(value, arguments.get(0, "b"), renderer.budget()) > 0;
      case "ge" -> Values.compare(value, arguments.get(0, "b"), renderer.budget()) >= 0;
      case "in" -> Values.contains(arguments.get(0, "seq"), value, renderer.budget());
      case "even" -> Values.integer(value, "even") % 2 == 0;
      case "odd" -> Values.integer(value, "odd") % 2 != 0;
      case "divisibleby" -> {
        long by = Values.integer(arguments.get(0, "num"), "divisibleby");
        if (by == 0) {
          throw JinjaException.failed("division by zero");
        }
        yield Values.integer(value, "divisibleby") % by == 0;
      }
      case "upper" -> {
        String text = Values.text(value, renderer.budget());
        yield text.equals(text.toUpperCase(Locale.ROOT)) && hasCase(text);
      }
      case "lower" -> {
        String text = Values.text(value, renderer.budget());
        yield text.equals(text.toLowerCase(Locale.ROOT)) && hasCase(text);
      }
      case "filter" -> value instanceof String s && Filters.NAMES.contains(s);
      case "test" -> value instanceof String s && NAMES.contains(s);
      case "escaped" -> marked instanceof Markup;
      default -> throw JinjaException.failed("no test named '%s'", name);
    };
  }

  private static boolean hasCase(String text) {
    return text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
  }

  /** Python has one object for each of these. */
  private static boolean same(Object a, Object b) {
    return a instanceof Boolean && a.equals(b)
        || a instanceof Long && a.equals(b)
        || a instanceof String && a.equals(b);
  }
}
