package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The filters of {@link Filters} that go through items. */
final class ListFilters {
  private ListFilters() {}

  static Object apply(String name, Object value, Arguments arguments, Renderer renderer) {
    Budget budget = renderer.budget();
    switch (name) {
      case "dictsort" -> {
        return dictSort(value, arguments, budget);
      }
      case "reverse" -> {
        return value instanceof String s
            ? new StringBuilder(s).reverse().toString()
            : copy(Values.items(value, budget), budget).reversed();
      }
      case "last" -> {
        List<?> items = Values.items(value, budget);
        return items.isEmpty()
            ? new Undefined("No last item, sequence was empty.")
            : items.getLast();
      }
      case "map", "select", "reject", "selectattr", "rejectattr" -> {
        if (!Values.truth(value)) {
          // jinja2 does not look into what is false: None has no items either.
          return new ArrayList<>();
        }
      }
      default -> {}
    }
    List<Object> items = copy(Values.items(value, budget), budget);
    return switch (name) {
      case "list" -> items;
      case "first" ->
          items.isEmpty() ? new Undefined("No first item, sequence was empty.") : items.getFirst();
      case "join" -> join(items, arguments, budget);
      case "map" -> map(items, arguments, renderer);
      case "select" -> select(items, arguments, false, true, renderer);
      case "reject" -> select(items, arguments, false, false, renderer);
      case "selectattr" -> select(items, arguments, true, true, renderer);
      case "rejectattr" -> select(items, arguments, true, false, renderer);
      case "sort" -> {
        UnaryOperator<Object> key =
            key(arguments, 2, arguments.truth(1, "case_sensitive", false), budget);
        Comparator<Object> order = (a, b) -> Values.compare(key.apply(a), key.apply(b), budget);
        budget.sort(items.size());
        items.sort(arguments.truth(0, "reverse", false) ? order.reversed() : order);
        yield items;
      }
      case "unique" -> {
        UnaryOperator<Object> key =
            key(arguments, 1, arguments.truth(0, "case_sensitive", false), budget);
        Map<Object, Object> seen = new LinkedHashMap<>();
        items.forEach(item -> seen.putIfAbsent(Values.key(key.apply(item)), item));
        yield new ArrayList<>(seen.values());
      }
      case "min", "max" -> extreme(items, name.equals("max"), arguments, budget);
      case "sum" -> sum(items, arguments, budget);
      case "groupby" -> groupBy(items, arguments, budget);
      case "batch" -> batch(items, arguments, budget);
      case "slice" -> slices(items, arguments, budget);
      default -> throw JinjaException.failed("no filter named '%s'", name);
    };
  }

  private static List<Object> copy(List<?> items, Budget budget) {
    budget.make(items.size());
    return new ArrayList<>(items);
  }

  /** {@code a.b.0} of an item; {@code otherwise}, if not null, for what is not there on the way. */
  private static Object path(Object item, Object attribute, Object otherwise, Budget budget) {
    if (!(attribute instanceof String names)) {
      return or(Members.item(item, attribute, budget), otherwise);
    }
    Object value = item;
    for (String each : names.split("\\.")) {
      boolean index =
          !each.isEmpty() && each.length() < 10 && each.chars().allMatch(Character::isDigit);
      value =
          or(Members.item(value, index ? (Object) Long.valueOf(each) : each, budget), otherwise);
    }
    return value;
  }

  private static Object or(Object value, Object otherwise) {
    return value instanceof Undefined && otherwise != null ? otherwise : value;
  }

  /** What items are compared by: an attribute if one is given; letters' case does not count. */
  private static UnaryOperator<Object> key(
      Arguments arguments, int place, boolean caseSensitive, Budget budget) {
    Object attribute = arguments.get(place, "attribute", null);
    return item -> {
      Object value = attribute == null ? item : path(item, attribute, null, budget);
      return value instanceof String s && !caseSensitive ? s.toLowerCase(Locale.ROOT) : value;
    };
  }

  private static String join(List<Object> items, Arguments arguments, Budget budget) {
    String separator = Values.text(arguments.get(0, "d", ""), budget);
    Object attribute = arguments.get(1, "attribute", null);
    StringBuilder joined = new StringBuilder();
    for (int i = 0; i < items.size(); i++) {
      Object item = attribute == null ? items.get(i) : path(items.get(i), attribute, null, budget);
      String text = Values.text(item, budget);
      budget.make((long) text.length() + separator.length(), joined.length());
      joined.append(i > 0 ? separator : "").append(text);
    }
    return joined.toString();
  }

  private static List<Object> map(List<Object> items, Arguments arguments, Renderer renderer) {
    List<Object> mapped = new ArrayList<>();
    if (arguments.positional().isEmpty()) {
      Object attribute = arguments.get(0, "attribute");
      Object otherwise = arguments.named().get("default");
      for (Object item : items) {
        mapped.add(path(item, attribute, otherwise, renderer.budget()));
      }
      return mapped;
    }
    String filter = arguments.string(0, "filter");
    if (!Filters.NAMES.contains(filter)) {
      throw JinjaException.failed("No filter named '%s'.", filter);
    }
    Arguments rest = arguments.without(1);
    for (Object item : items) {
      renderer.budget().step();
      mapped.add(Filters.apply(filter, item, rest, renderer));
    }
    return mapped;
  }

  private static List<Object> select(
      List<Object> items,
      Arguments arguments,
      boolean attributes,
      boolean wanted,
      Renderer renderer) {
    Object attribute = attributes ? arguments.get(0, "attribute") : null;
    int first = attributes ? 1 : 0;
    Object test = first < arguments.positional().size() ? arguments.positional().get(first) : null;
    if (test != null && !Tests.NAMES.contains(test) && !OPERATORS.containsKey(test)) {
      throw JinjaException.failed("No test named '%s'.", Values.text(test, renderer.budget()));
    }
    Arguments rest = arguments.without(first + 1);
    List<Object> chosen = new ArrayList<>();
    for (Object item : items) {
      renderer.budget().step();
      Object value = attributes ? path(item, attribute, null, renderer.budget()) : item;
      boolean holds =
          test == null
              ? Values.truth(value)
              : Tests.test(OPERATORS.getOrDefault(test, (String) test), value, rest, renderer);
      if (holds == wanted) {
        chosen.add(item);
      }
    }
    return chosen;
  }

  /** Tests that have an operator's name, which only these filters can call. */
  private static final Map<String, String> OPERATORS =
      Map.of("==", "eq", "!=", "ne", "<", "lt", "<=", "le", ">", "gt", ">=", "ge");

  private static Object extreme(
      List<Object> items, boolean largest, Arguments arguments, Budget budget) {
    UnaryOperator<Object> key =
        key(arguments, 1, arguments.truth(0, "case_sensitive", false), budget);
    Object best = new Undefined("No aggregated item, sequence was empty.");
    for (int i = 0; i < items.size(); i++) {
      int order = i == 0 ? 1 : Values.compare(key.apply(items.get(i)), key.apply(best), budget);
      if (i == 0 || (largest ? order > 0 : order < 0)) {
        best = items.get(i);
      }
    }
    return best;
  }

  private static Object sum(List<Object> items, Arguments arguments, Budget budget) {
    Object attribute = arguments.get(0, "attribute", null);
    Object sum = arguments.get(1, "start", 0L);
    for (Object item : items) {
      sum =
          Arithmetic.binary(
              "+", sum, attribute == null ? item : path(item, attribute, null, budget), budget);
    }
    return sum;
  }

  private static List<Object> groupBy(List<Object> items, Arguments arguments, Budget budget) {
    Object attribute = arguments.get(0, "attribute");
    Object otherwise = arguments.get(1, "default", null);
    boolean caseSensitive = arguments.truth(2, "case_sensitive", false);
    UnaryOperator<Object> key =
        item -> {
          Object value = path(item, attribute, otherwise, budget);
          return value instanceof String s && !caseSensitive ? s.toLowerCase(Locale.ROOT) : value;
        };
    Map<Object, List<Object>> groups = new LinkedHashMap<>();
    budget.sort(items.size());
    items.sort((a, b) -> Values.compare(key.apply(a), key.apply(b), budget));
    for (Object item : items) {
      groups.computeIfAbsent(Values.key(key.apply(item)), k -> new ArrayList<>()).add(item);
    }
    List<Object> pairs = new ArrayList<>();
    for (List<Object> group : groups.values()) {
      pairs.add(Tuple.group(path(group.getFirst(), attribute, otherwise, budget), group));
    }
    return pairs;
  }

  private static List<Object> dictSort(Object value, Arguments arguments, Budget budget) {
    if (!(value instanceof Map<?, ?> map)) {
      throw Values.wrong(value, "a dict", "dictsort");
    }
    int by = arguments.string(1, "by", "key").equals("value") ? 1 : 0;
    boolean caseSensitive = arguments.truth(0, "case_sensitive", false);
    List<Object> pairs = Members.pairs(map, budget);
    Comparator<Object> order =
        (a, b) -> Values.compare(part(a, by, caseSensitive), part(b, by, caseSensitive), budget);
    budget.sort(pairs.size());
    pairs.sort(arguments.truth(2, "reverse", false) ? order.reversed() : order);
    return pairs;
  }

  private static Object part(Object pair, int which, boolean caseSensitive) {
    Object value = ((Tuple) pair).get(which);
    return value instanceof String s && !caseSensitive ? s.toLowerCase(Locale.ROOT) : value;
  }

  private static List<Object> batch(List<Object> items, Arguments arguments, Budget budget) {
    int count = Math.clamp(arguments.integer(0, "linecount", 1), 1, Integer.MAX_VALUE);
    Object fill = arguments.get(1, "fill_with", null);
    List<Object> batches = new ArrayList<>();
    for (int from = 0; from < items.size(); from += count) {
      List<Object> batch =
          new ArrayList<>(items.subList(from, Math.min(items.size() - from, count) + from));
      if (fill != null) {
        budget.make(count);
        while (batch.size() < count) {
          batch.add(fill);
        }
      }
      batches.add(batch);
      if (count > items.size() - from) {
        break;
      }
    }
    return batches;
  }

  private static List<Object> slices(List<Object> items, Arguments arguments, Budget budget) {
    long count = arguments.integer(0, "slices", 1);
    Object fill = arguments.get(1, "fill_with", null);
    if (count < 1) {
      throw JinjaException.failed("slice: %d slices; expected 1 or more", count);
    }
    budget.make(count);
    int each = (int) (items.size() / count);
    int longer = (int) (items.size() % count);
    List<Object> slices = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < count; i++) {
      int size = each + (i < longer ? 1 : 0);
      List<Object> slice = new ArrayList<>(items.subList(from, from + size));
      if (fill != null && i >= longer && longer > 0) {
        slice.add(fill);
      }
      slices.add(slice);
      from += size;
    }
    return slices;
  }
}
