package dev.heddle.jinja;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;

/** A list that Python writes with round brackets. */
final class Tuple extends AbstractList<Object> {
  private final List<Object> items;

  /** Names by which its items are attributes too. */
  private final List<String> names;

  private Tuple(List<Object> items, List<String> names) {
    this.items = items;
    this.names = names;
  }

  Tuple(List<Object> items) {
    this(items, List.of());
  }

  /** A group of {@code groupby}. */
  static Tuple group(Object grouper, List<Object> list) {
    return new Tuple(Arrays.asList(grouper, list), List.of("grouper", "list"));
  }

  /** The place of an attribute; -1 if it is none. */
  int place(String name) {
    return names.indexOf(name);
  }

  static Tuple of(Object... items) {
    return new Tuple(Arrays.asList(items));
  }

  @Override
  public Object get(int index) {
    return items.get(index);
  }

  @Override
  public int size() {
    return items.size();
  }
}
