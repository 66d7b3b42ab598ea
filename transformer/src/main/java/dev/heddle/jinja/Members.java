package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Attributes and items of values, in jinja2's order: {@code x.name} is a method or else an item,
 * {@code x['name']} an item or else a method. There is nothing else to reach.
 */
final class Members {
  private Members() {}

  static Object attribute(Object of, String name) {
    if (of instanceof Loop loop) {
      return loop.attribute(name);
    }
    if (of instanceof Namespace namespace) {
      return namespace.fields.containsKey(name) ? namespace.fields.get(name) : missing(of, name);
    }
    if (of instanceof Tuple tuple && tuple.place(name) >= 0) {
      return tuple.get(tuple.place(name));
    }
    Function member = member(of, name);
    if (member != null) {
      return member;
    }
    if (of instanceof Map<?, ?> map && map.containsKey(name)) {
      return map.get(name);
    }
    return missing(of, name);
  }

  static Object item(Object container, Object wanted, Budget budget) {
    Object of = Markup.plain(container);
    Object index = Markup.plain(wanted);
    switch (of) {
      case Map<?, ?> map -> {
        if (!(index instanceof List) && !(index instanceof Map)) {
          Object key = Values.key(index);
          if (map.containsKey(key)) {
            return map.get(key);
          }
        }
      }
      case List<?> list when index instanceof Long n -> {
        long place = n < 0 ? n + list.size() : n;
        return place >= 0 && place < list.size() ? list.get((int) place) : missing(of, n);
      }
      case String s when index instanceof Long n -> {
        budget.read(s.length());
        int length = Text.length(s);
        long place = n < 0 ? n + length : n;
        return place >= 0 && place < length ? Text.slice(s, (int) place, 1, 1) : missing(of, n);
      }
      case Loop loop when index instanceof String name -> {
        return loop.attribute(name);
      }
      case Namespace namespace when index instanceof String name -> {
        return attribute(namespace, name);
      }
      case Undefined undefined -> throw undefined.error();
      case null, default -> {}
    }
    if (index instanceof String name) {
      Function member = member(of, name);
      if (member != null) {
        return member;
      }
    }
    return missing(of, index);
  }

  private static Object missing(Object of, Object what) {
    if (of instanceof Undefined undefined) {
      throw undefined.error();
    }
    return new Undefined(
        what instanceof String name
            ? "'%s' object has no attribute '%s'".formatted(Values.type(of), name)
            : "'%s' object has no item %s".formatted(Values.type(of), what));
  }

  /** Python's slices: parts may be null, or lie outside. */
  static Object slice(Object container, Long start, Long stop, Long step, Budget budget) {
    Object of = Markup.plain(container);
    if (!(of instanceof String) && !(of instanceof List)) {
      // As jinja2: what has no slices has no such item.
      return missing(of, "a slice");
    }
    long by = step == null ? 1 : step;
    if (by == 0) {
      throw JinjaException.failed("a slice's step is 0");
    }
    long length = Values.length(of, budget);
    long from = start == null ? (by > 0 ? 0 : length - 1) : place(start, length, by);
    long to = stop == null ? (by > 0 ? length : -1) : place(stop, length, by);
    long count =
        by > 0 ? Math.max(0, to - from + by - 1) / by : Math.max(0, from - to - by - 1) / -by;
    budget.make(count);
    if (of instanceof String s) {
      return Text.slice(s, (int) from, (int) count, (int) Math.clamp(by, -length - 1, length + 1));
    }
    List<?> list = (List<?>) of;
    List<Object> result = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      result.add(list.get((int) (from + i * by)));
    }
    return of instanceof Tuple ? new Tuple(result) : result;
  }

  private static long place(long index, long length, long step) {
    long place = index < 0 ? index + length : index;
    return step > 0 ? Math.clamp(place, 0, length) : Math.clamp(place, -1, length - 1);
  }

  /** A method of Python's; null if there is none of that name. */
  private static Function member(Object of, String name) {
    return switch (of) {
      case Map<?, ?> map -> mapMethod(map, name);
      case String s ->
          StringMethods.NAMES.contains(name)
              ? (arguments, renderer) -> StringMethods.call(s, name, arguments, renderer)
              : null;
      case Markup markup -> markupMethod(markup, name);
      case List<?> list -> listMethod(list, name);
      case null, default -> null;
    };
  }

  private static Function mapMethod(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> (arguments, renderer) -> pairs(map, renderer.budget());
      case "keys" -> (arguments, renderer) -> new ArrayList<Object>(map.keySet());
      case "values" -> (arguments, renderer) -> new ArrayList<Object>(map.values());
      case "get" ->
          (arguments, renderer) -> {
            Object key = Values.key(arguments.get(0, "key"));
            return map.containsKey(key) ? map.get(key) : arguments.get(1, "default", null);
          };
      case "copy" -> (arguments, renderer) -> map;
      case "pop", "popitem", "update", "clear", "setdefault" -> unsafe("dict", name);
      default -> null;
    };
  }

  /** What only takes from a marked string, or changes its case, leaves it marked. */
  private static Function markupMethod(Markup markup, String name) {
    Function method = member(markup.text(), name);
    return method == null
        ? null
        : (arguments, renderer) -> {
          Object result = method.call(arguments, renderer);
          return result instanceof String s && !MAKING.contains(name) ? new Markup(s) : result;
        };
  }

  private static final Set<String> MAKING = Set.of("replace", "join", "format");

  static List<Object> pairs(Map<?, ?> map, Budget budget) {
    budget.make(map.size());
    List<Object> pairs = new ArrayList<>();
    map.forEach((key, value) -> pairs.add(Tuple.of(key, value)));
    return pairs;
  }

  private static Function listMethod(List<?> list, String name) {
    return switch (name) {
      case "count" ->
          (arguments, renderer) -> {
            Object item = arguments.get(0, "value");
            return list.stream()
                .filter(each -> Values.equal(each, item, renderer.budget()))
                .count();
          };
      case "index" ->
          (arguments, renderer) -> {
            Object item = arguments.get(0, "value");
            for (int i = 0; i < list.size(); i++) {
              if (Values.equal(list.get(i), item, renderer.budget())) {
                return (long) i;
              }
            }
            throw JinjaException.failed("the value is not in the list");
          };
      case "copy" -> (arguments, renderer) -> list;
      case "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear" ->
          unsafe("list", name);
      default -> null;
    };
  }

  /** Templates change nothing that they are given: as in the sandbox of transformers. */
  private static Function unsafe(String type, String name) {
    return (arguments, renderer) -> {
      throw JinjaException.failed("access to attribute '%s' of '%s' object is unsafe", name, type);
    };
  }
}
