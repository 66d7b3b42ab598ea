package dev.heddle.jinja;

import java.util.List;

/** The variable {@code loop} in a loop's body. */
final class Loop {
  private final List<?> items;
  private final int depth;

  /** What a call of it does in a recursive loop; null in others. */
  private final Function recursion;

  private int index;
  private Object changed = new Undefined("");

  Loop(List<?> items, int depth, Function recursion) {
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
  }

  void at(int place) {
    this.index = place;
  }

  int length() {
    return items.size();
  }

  int depth() {
    return depth;
  }

  Function recursion() {
    return recursion;
  }

  Object attribute(String name) {
    int length = items.size();
    return switch (name) {
      case "index" -> index + 1L;
      case "index0" -> (long) index;
      case "revindex" -> (long) length - index;
      case "revindex0" -> length - index - 1L;
      case "first" -> index == 0;
      case "last" -> index == length - 1;
      case "length" -> (long) length;
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" ->
          index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < length ? items.get(index + 1) : new Undefined("there is no next item");
      case "cycle" -> (Function) this::cycle;
      case "changed" -> (Function) this::changed;
      default -> new Undefined("'loop' has no attribute '%s'".formatted(name));
    };
  }

  private Object cycle(Arguments arguments, Renderer renderer) {
    List<Object> values = arguments.positional();
    if (values.isEmpty()) {
      throw JinjaException.failed("loop.cycle is given nothing");
    }
    return values.get(index % values.size());
  }

  private Object changed(Arguments arguments, Renderer renderer) {
    Object now = new Tuple(arguments.positional());
    boolean other = !Values.equal(now, changed, renderer.budget());
    changed = now;
    return other;
  }
}
