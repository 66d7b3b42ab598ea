package dev.heddle.bench.jmh;

import dev.heddle.backend.Backends;
import dev.heddle.backend.Probe;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * JMH as it is, with {@link Rates}, on the backends that are there where {@code -p backend=} does
 * not name others.
 */
public final class Main {
  private Main() {}

  /** Takes JMH's options. */
  public static void main(String[] args) throws IOException {
    org.openjdk.jmh.Main.main(arguments(args));
  }

  private static String[] arguments(String[] args) {
    List<String> all = new ArrayList<>(Arrays.asList(args));
    all.addAll(List.of("-prof", Rates.class.getName()));
    if (all.stream().noneMatch(argument -> argument.startsWith("backend="))) {
      all.addAll(List.of("-p", "backend=" + String.join(",", usable())));
    }
    return all.toArray(String[]::new);
  }

  /** Those of the parameter's that can be opened; says why others cannot. */
  private static List<String> usable() {
    List<String> usable = new ArrayList<>();
    for (Backends.Candidate each : new Backends().probe()) {
      String name = each.provider().name();
      if (!Device.BACKENDS.contains(name)) {
        continue;
      }
      switch (each.probe()) {
        case Probe.Usable _ -> usable.add(name);
        case Probe.Unusable(String reason, String _) ->
            System.out.println("# Not on " + name + ": " + reason);
      }
    }
    return usable;
  }
}
