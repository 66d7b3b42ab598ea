package dev.heddle.bench;

import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * What {@code --peers} asks for.
 *
 * @param asked names with commas between them, {@link #ALL}, or null for none
 */
record Peers(String asked) {
  static final String ALL = "all";

  /**
   * Refuses a name that no system has.
   *
   * @param kinds of systems that may be asked for
   * @throws ParameterException if none of them is installed by that name
   */
  void check(CommandSpec spec, List<Class<? extends SystemProvider>> kinds) {
    List<String> installed =
        kinds.stream().flatMap(kind -> Systems.peers(kind).stream()).distinct().toList();
    for (String name : names()) {
      if (!installed.contains(name)) {
        throw new ParameterException(
            spec.commandLine(), "no peer is called \"" + name + "\"; there are " + installed);
      }
    }
  }

  /** Those of one kind: all that are installed where none is named. */
  <P extends SystemProvider> List<String> of(Class<P> kind) {
    return Systems.peers(kind).stream()
        .filter(name -> ALL.equals(asked) || names().contains(name))
        .toList();
  }

  private List<String> names() {
    return asked == null || asked.equals(ALL) ? List.of() : List.of(asked.split(","));
  }
}
