package dev.heddle.jinja;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A template, parsed; immutable, and so for any number of threads. */
public final class Template {
  /** Longest source, in characters; those of published models have some tens of thousands. */
  private static final int LONGEST_SOURCE = 1 << 20;

  /**
   * Steps of one rendering. A conversation of a thousand messages takes less than 100,000 with each
   * of nine published templates.
   */
  private static final long STEPS = 5_000_000;

  /** Longest text that is made, whether it is shown or not. */
  private static final int LONGEST_TEXT = 16 << 20;

  /** How deep values may stand in one another. */
  private static final int DEPTH = 100;

  private final List<Statement> body;

  private Template(List<Statement> body) {
    this.body = body;
  }

  /**
   * Parses a template.
   *
   * @throws JinjaException if it is none
   */
  public static Template parse(String source) {
    if (source.length() > LONGEST_SOURCE) {
      throw JinjaException.limit(
          "it has %d characters; at most %d are read".formatted(source.length(), LONGEST_SOURCE));
    }
    try {
      return new Template(Parser.parse(source));
    } catch (StackOverflowError e) {
      throw JinjaException.limit("its expressions stand too deep in one another");
    }
  }

  /**
   * Renders it.
   *
   * @param variables strings, whole numbers and floats, booleans, nulls, and lists and mappings of
   *     them
   * @param now what {@code strftime_now} tells
   * @throws JinjaException if the template fails, refuses or takes too much, or a value is of
   *     another type
   */
  public String render(Map<String, ?> variables, LocalDateTime now) {
    Scope scope = new Scope(Globals.scope());
    variables.forEach((name, value) -> scope.set(name, value(value, 0)));
    try {
      return new Renderer(new Budget(STEPS, LONGEST_TEXT), now).render(body, scope);
    } catch (StackOverflowError e) {
      throw JinjaException.limit("its expressions or values stand too deep in one another");
    }
  }

  /** A copy, of the few types that templates see. */
  private static Object value(Object value, int depth) {
    if (depth > DEPTH) {
      throw JinjaException.limit("a variable is nested deeper than %d".formatted(DEPTH));
    }
    return switch (value) {
      case null -> null;
      case String s -> s;
      case Boolean b -> b;
      case Long n -> n;
      case Integer n -> (long) n;
      case Short n -> (long) n;
      case Byte n -> (long) n;
      case Double d -> d;
      case Float f -> (double) f;
      case List<?> list -> {
        List<Object> copy = new ArrayList<>(list.size());
        list.forEach(each -> copy.add(value(each, depth + 1)));
        yield copy;
      }
      case Map<?, ?> map -> {
        Map<Object, Object> copy = new LinkedHashMap<>();
        map.forEach(
            (key, each) -> copy.put(Values.key(value(key, depth + 1)), value(each, depth + 1)));
        yield copy;
      }
      default ->
          throw JinjaException.failed(
              "a variable is a %s; templates see strings, numbers, booleans, lists and mappings",
              value.getClass().getName());
    };
  }
}
