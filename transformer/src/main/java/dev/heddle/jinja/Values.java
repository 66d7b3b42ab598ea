package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * What Python does with its values. Here {@code None} is null, an int a Long, a float a Double, a
 * dict a Map, a list a List; there is also {@link Tuple}, {@link Undefined}, {@link Namespace},
 * {@link Loop} and {@link Function}.
 */
final class Values {
  private Values() {}

  static boolean truth(Object value) {
    return switch (Markup.plain(value)) {
      case null -> false;
      case Boolean b -> b;
      case Long n -> n != 0;
      case Double d -> d != 0;
      case String s -> !s.isEmpty();
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      case Undefined undefined -> false;
      default -> true;
    };
  }

  /** The name of its type in Python, for errors. */
  static String type(Object value) {
    return switch (value) {
      case null -> "NoneType";
      case Boolean b -> "bool";
      case Long n -> "int";
      case Double d -> "float";
      case String s -> "str";
      case Markup markup -> "Markup";
      case Tuple tuple -> "tuple";
      case List<?> list -> "list";
      case Map<?, ?> map -> "dict";
      case Undefined undefined -> "Undefined";
      case Namespace namespace -> "Namespace";
      case Loop loop -> "LoopContext";
      default -> "function";
    };
  }

  /** As it is printed. */
  static String text(Object value, Budget budget) {
    return switch (value) {
      case String s -> s;
      case Markup markup -> markup.text();
      case Undefined undefined -> "";
      case null, default -> repr(value, budget);
    };
  }

  /** Python's {@code repr}. */
  static String repr(Object value, Budget budget) {
    StringBuilder out = new StringBuilder();
    represent(value, out, budget, 0);
    return out.toString();
  }

  /** Appends Python's {@code repr}. */
  private static void represent(Object value, StringBuilder out, Budget budget, int depth) {
    budget.make(1, out.length());
    if (depth > 100) {
      throw JinjaException.limit("a value is nested deeper than 100");
    }
    switch (value) {
      case null -> out.append("None");
      case Boolean b -> out.append(b ? "True" : "False");
      case Double d -> out.append(Text.number(d));
      case String s -> {
        budget.make(s.length(), out.length());
        out.append(Text.quoted(s));
      }
      case Markup markup -> out.append("Markup(").append(Text.quoted(markup.text())).append(')');
      case Undefined undefined -> out.append("Undefined");
      case Tuple tuple -> {
        items(tuple, out.append('('), budget, depth);
        out.append(tuple.size() == 1 ? ",)" : ")");
      }
      case List<?> list -> {
        items(list, out.append('['), budget, depth);
        out.append(']');
      }
      case Map<?, ?> map -> {
        String separator = "{";
        for (Map.Entry<?, ?> each : map.entrySet()) {
          out.append(separator);
          represent(each.getKey(), out, budget, depth + 1);
          out.append(": ");
          represent(each.getValue(), out, budget, depth + 1);
          separator = ", ";
        }
        out.append(map.isEmpty() ? "{}" : "}");
      }
      case Long n -> out.append(n);
      default -> out.append('<').append(type(value)).append('>');
    }
  }

  private static void items(List<?> list, StringBuilder out, Budget budget, int depth) {
    for (int i = 0; i < list.size(); i++) {
      out.append(i > 0 ? ", " : "");
      represent(list.get(i), out, budget, depth + 1);
    }
  }

  /** A string, or an error that says for what it is wanted. */
  static String string(Object value, String wanted) {
    if (Markup.plain(value) instanceof String s) {
      return s;
    }
    throw wrong(value, "a str", wanted);
  }

  static long integer(Object value, String wanted) {
    return switch (value) {
      case Long n -> n;
      case Boolean b -> b ? 1 : 0;
      case null, default -> throw wrong(value, "an int", wanted);
    };
  }

  static JinjaException wrong(Object value, String expected, String wanted) {
    if (value instanceof Undefined undefined) {
      return undefined.error();
    }
    return JinjaException.failed("%s: '%s' is given; expected %s", wanted, type(value), expected);
  }

  /** True for what counts as a number: bool too. */
  static boolean isNumber(Object value) {
    return value instanceof Long || value instanceof Double || value instanceof Boolean;
  }

  /** As a Long or Double. */
  static Number number(Object value) {
    return switch (value) {
      case Boolean b -> b ? 1L : 0L;
      case Long n -> n;
      case Double d -> d;
      case null, default -> throw wrong(value, "a number", "arithmetic");
    };
  }

  static boolean equal(Object left, Object right, Budget budget) {
    budget.step();
    Object a = Markup.plain(left);
    Object b = Markup.plain(right);
    if (a == b) {
      return true;
    }
    if (isNumber(a) && isNumber(b)) {
      Number x = number(a);
      Number y = number(b);
      return x instanceof Long && y instanceof Long
          ? x.longValue() == y.longValue()
          : x.doubleValue() == y.doubleValue();
    }
    return switch (a) {
      case String s -> {
        budget.read(s.length());
        yield s.equals(b);
      }
      case List<?> list ->
          b instanceof List<?> other
              && a instanceof Tuple == b instanceof Tuple
              && equalLists(list, other, budget);
      case Map<?, ?> map -> b instanceof Map<?, ?> other && equalMaps(map, other, budget);
      case Undefined undefined -> b instanceof Undefined;
      case null, default -> false;
    };
  }

  private static boolean equalLists(List<?> a, List<?> b, Budget budget) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!equal(a.get(i), b.get(i), budget)) {
        return false;
      }
    }
    return true;
  }

  private static boolean equalMaps(Map<?, ?> a, Map<?, ?> b, Budget budget) {
    if (a.size() != b.size()) {
      return false;
    }
    for (Map.Entry<?, ?> each : a.entrySet()) {
      if (!b.containsKey(each.getKey()) || !equal(each.getValue(), b.get(each.getKey()), budget)) {
        return false;
      }
    }
    return true;
  }

  /** Less than 0, 0, or more: what Python can order. */
  static int compare(Object left, Object right, Budget budget) {
    budget.step();
    Object a = Markup.plain(left);
    Object b = Markup.plain(right);
    if (isNumber(a) && isNumber(b)) {
      Number x = number(a);
      Number y = number(b);
      return x instanceof Long && y instanceof Long
          ? Long.compare(x.longValue(), y.longValue())
          : Double.compare(x.doubleValue(), y.doubleValue());
    }
    if (a instanceof String s && b instanceof String t) {
      budget.read((long) s.length() + t.length());
      return compareText(s, t);
    }
    if (a instanceof List<?> list
        && b instanceof List<?> other
        && a instanceof Tuple == b instanceof Tuple) {
      for (int i = 0; i < Math.min(list.size(), other.size()); i++) {
        if (!equal(list.get(i), other.get(i), budget)) {
          return compare(list.get(i), other.get(i), budget);
        }
      }
      return Integer.compare(list.size(), other.size());
    }
    if (a instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (b instanceof Undefined undefined) {
      throw undefined.error();
    }
    throw JinjaException.failed("'%s' and '%s' have no order", type(a), type(b));
  }

  /** By code points, not by UTF-16's halves. */
  private static int compareText(String a, String b) {
    int[] x = a.codePoints().toArray();
    int[] y = b.codePoints().toArray();
    return Arrays.compare(x, y);
  }

  /** What a loop over {@code value} goes through. */
  static List<?> items(Object value, Budget budget) {
    return switch (Markup.plain(value)) {
      case List<?> list -> list;
      case String s -> {
        budget.make(s.length());
        yield Text.characters(s);
      }
      case Map<?, ?> map -> {
        budget.make(map.size());
        yield new ArrayList<>(map.keySet());
      }
      case Undefined undefined -> List.of();
      case null, default -> throw JinjaException.failed("'%s' object is not iterable", type(value));
    };
  }

  static boolean isIterable(Object value) {
    return value instanceof List
        || value instanceof String
        || value instanceof Markup
        || value instanceof Map
        || value instanceof Undefined;
  }

  static long length(Object value, Budget budget) {
    return switch (Markup.plain(value)) {
      case String s -> {
        budget.read(s.length());
        yield Text.length(s);
      }
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      case Undefined undefined -> 0;
      case Loop loop -> loop.length();
      case null, default -> throw JinjaException.failed("'%s' has no length", type(value));
    };
  }

  static boolean contains(Object container, Object item, Budget budget) {
    return switch (Markup.plain(container)) {
      case String s -> {
        budget.read(s.length());
        yield s.contains(string(item, "'in <string>'"));
      }
      case Map<?, ?> map -> map.containsKey(key(item));
      case List<?> list -> {
        for (Iterator<?> each = list.iterator(); each.hasNext(); ) {
          if (equal(each.next(), item, budget)) {
            yield true;
          }
        }
        yield false;
      }
      case Undefined undefined -> false;
      case null, default ->
          throw JinjaException.failed("'%s' object holds nothing to be 'in'", type(container));
    };
  }

  /** As a mapping knows it: whole floats are ints. */
  static Object key(Object value) {
    return switch (Markup.plain(value)) {
      case Double d when d == Math.rint(d) && Math.abs(d) < 1e15 -> (long) d.doubleValue();
      case List<?> list when !(list instanceof Tuple) ->
          throw JinjaException.failed("a list is no key of a dict");
      case Map<?, ?> map -> throw JinjaException.failed("a dict is no key of a dict");
      case Tuple tuple -> {
        for (Object each : tuple) {
          if (each instanceof List || each instanceof Map) {
            throw JinjaException.failed("a nested tuple is not supported as a key of a dict");
          }
        }
        yield tuple;
      }
      case Object plain -> plain;
      case null -> null;
    };
  }
}
