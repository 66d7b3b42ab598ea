package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every chat template has. */
final class Globals {
  private Globals() {}

  static Scope scope() {
    Scope scope = new Scope(null);
    scope.set("range", (Function) Globals::range);
    scope.set("dict", (Function) (arguments, renderer) -> new LinkedHashMap<>(arguments.named()));
    scope.set("namespace", (Function) Globals::namespace);
    scope.set("joiner", (Function) Globals::joiner);
    scope.set("cycler", (Function) Globals::cycler);
    scope.set(
        "raise_exception",
        (Function)
            (arguments, renderer) -> {
              Object message = arguments.get(0, "message");
              throw JinjaException.refused(Values.text(message, renderer.budget()));
            });
    scope.set(
        "strftime_now",
        (Function)
            (arguments, renderer) ->
                Strftime.format(arguments.string(0, "format"), renderer.now()));
    return scope;
  }

  private static Object range(Arguments arguments, Renderer renderer) {
    arguments.atMost(3);
    boolean one = arguments.positional().size() == 1;
    long start = one ? 0 : arguments.integer(0, "start", 0);
    long stop = Values.integer(arguments.get(one ? 0 : 1, "stop"), "range()");
    long step = arguments.integer(2, "step", 1);
    if (step == 0) {
      throw JinjaException.failed("range(): the step is 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long n = start; step > 0 ? n < stop : n > stop; n += step) {
      renderer.budget().make(1, numbers.size());
      numbers.add(n);
      if (n > 0 == step > 0 && Math.abs(n) > Long.MAX_VALUE - Math.abs(step)) {
        break;
      }
    }
    return numbers;
  }

  private static Object namespace(Arguments arguments, Renderer renderer) {
    Namespace namespace = new Namespace();
    for (Object each : arguments.positional()) {
      if (!(each instanceof Map<?, ?> map)) {
        throw Values.wrong(each, "a dict", "namespace()");
      }
      map.forEach((key, value) -> namespace.fields.put(String.valueOf(key), value));
    }
    namespace.fields.putAll(arguments.named());
    return namespace;
  }

  /** Gives nothing at the first call, its separator at all later ones. */
  private static Object joiner(Arguments arguments, Renderer renderer) {
    String separator = arguments.string(0, "sep", ", ");
    boolean[] used = new boolean[1];
    return (Function)
        (none, same) -> {
          String text = used[0] ? separator : "";
          used[0] = true;
          return text;
        };
  }

  private static Object cycler(Arguments arguments, Renderer renderer) {
    List<Object> items = arguments.positional();
    if (items.isEmpty()) {
      throw JinjaException.failed("cycler(): no items are given");
    }
    int[] at = new int[1];
    Namespace cycler = new Namespace();
    cycler.fields.put("next", (Function) (none, same) -> items.get(at[0]++ % items.size()));
    cycler.fields.put(
        "reset",
        (Function)
            (none, same) -> {
              at[0] = 0;
              return null;
            });
    return cycler;
  }
}
