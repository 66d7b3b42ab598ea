package dev.heddle.jinja;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What a function, filter or test is given.
 *
 * @param of what is called, for errors
 */
record Arguments(String of, List<Object> positional, Map<String, Object> named) {
  static Arguments of(String of, Object... positional) {
    return new Arguments(of, Arrays.asList(positional), Map.of());
  }

  /** The argument at {@code place} or of that name; {@code otherwise} if it is not given. */
  Object get(int place, String name, Object otherwise) {
    if (place < positional.size()) {
      return positional.get(place);
    }
    return named.containsKey(name) ? named.get(name) : otherwise;
  }

  boolean has(int place, String name) {
    return place < positional.size() || named.containsKey(name);
  }

  /** The argument, which must be given. */
  Object get(int place, String name) {
    if (!has(place, name)) {
      throw JinjaException.failed("%s lacks the argument '%s'", of, name);
    }
    return get(place, name, null);
  }

  String string(int place, String name, String otherwise) {
    return has(place, name) ? Values.string(get(place, name), of) : otherwise;
  }

  String string(int place, String name) {
    return Values.string(get(place, name), of);
  }

  long integer(int place, String name, long otherwise) {
    return has(place, name) ? Values.integer(get(place, name), of) : otherwise;
  }

  boolean truth(int place, String name, boolean otherwise) {
    return has(place, name) ? Values.truth(get(place, name)) : otherwise;
  }

  /** The arguments but the first {@code count}. */
  Arguments without(int count) {
    int from = Math.min(count, positional.size());
    return new Arguments(of, positional.subList(from, positional.size()), named);
  }

  /** Refuses more than {@code count} arguments by place. */
  Arguments atMost(int count) {
    if (positional.size() > count) {
      throw JinjaException.failed(
          "%s takes %d arguments; %d are given", of, count, positional.size());
    }
    return this;
  }
}
