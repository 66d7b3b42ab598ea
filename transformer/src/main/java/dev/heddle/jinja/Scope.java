package dev.heddle.jinja;

import java.util.HashMap;
import java.util.Map;

/** Variables; those not here are looked for around. */
final class Scope {
  private final Scope around;
  private final Map<String, Object> variables = new HashMap<>();

  /** {@code around} may be null. */
  Scope(Scope around) {
    this.around = around;
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.around) {
      Object value = scope.variables.get(name);
      if (value != null || scope.variables.containsKey(name)) {
        return value;
      }
    }
    return new Undefined("'%s' is undefined".formatted(name));
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
