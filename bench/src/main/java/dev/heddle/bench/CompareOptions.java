package dev.heddle.bench;

import dev.heddle.backend.Backends;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.bench.ops.OperationSystemProvider;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Who is compared, in what, and for how long: the same of operations and of models. */
final class CompareOptions {
  /** A shorter measuring time tells nothing, unless it is asked for. */
  private static final double LEAST_SECONDS = 0.5;

  @Option(
      names = "--backend",
      split = ",",
      paramLabel = "B",
      description = {
        "Backends, or devices as heddle devices names them, with commas between; the others'",
        "speed-up is over the first one (default: all but the reference)."
      })
  List<String> backends = List.of();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = {
        "CPU threads that compute (default: one a core that the process may use). Models are",
        "also timed with fewer: powers of two."
      })
  Integer threads;

  @Option(
      names = "--dtype",
      split = ",",
      paramLabel = "T",
      description = {
        "Types with commas between: of models those that they compute in (default: f32), of",
        "operations those that weights are stored in (default: all)."
      })
  List<String> dtypes = List.of();

  @Option(
      names = "--filter",
      split = ",",
      paramLabel = "TEXT",
      description = "Only operations and models with one of these texts in their names.")
  List<String> filters = List.of();

  @Option(
      names = "--seconds",
      defaultValue = "1",
      paramLabel = "S",
      description =
          "Measuring time of each system at each work, at most (default: ${DEFAULT-VALUE}).")
  double seconds;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      description = {
        "Begin nothing that would not end by then: measuring times are shorter where there is much",
        "to measure (default: ${DEFAULT-VALUE})."
      })
  double minutes;

  @Option(
      names = "--peers",
      arity = "0..1",
      fallbackValue = Peers.ALL,
      paramLabel = "NAME,…",
      description = "Compare with other runtimes: those named, or all that are installed.")
  String peers;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  boolean json;

  /**
   * Options.
   *
   * @param minutes where no others are given
   */
  CompareOptions(double minutes) {
    this.minutes = minutes;
  }

  /**
   * Refuses what cannot be.
   *
   * @param kinds of systems that may be asked for as peers
   * @throws ParameterException of a backend, type, peer or number of threads that there is not
   */
  void check(CommandSpec spec, List<Class<? extends SystemProvider>> kinds) {
    List<String> known = names();
    for (String backend : backends) {
      if (!known.contains(backend.replaceFirst(":.*", ""))) {
        throw new ParameterException(
            spec.commandLine(),
            "--backend %s: no backend is called so; there are %s".formatted(backend, known));
      }
    }
    if (threads != null && threads < 1) {
      throw new ParameterException(
          spec.commandLine(), "--threads " + threads + ": expected 1 or more");
    }
    if (!(seconds > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds " + seconds + ": expected more than 0");
    }
    if (!(minutes > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--minutes " + minutes + ": expected more than 0");
    }
    new Peers(peers).check(spec, kinds);
    Set<String> types = new TreeSet<>(computeTypes());
    Subjects.cpu().forEach(subject -> types.add(subject.stored().toString()));
    for (String dtype : dtypes) {
      if (!types.contains(dtype)) {
        throw new ParameterException(
            spec.commandLine(),
            "--dtype: \"%s\" is no type to compute or to store in; expected %s"
                .formatted(dtype, types));
      }
    }
  }

  private static List<String> computeTypes() {
    return Arrays.stream(ComputeType.values()).map(ComputeType::toString).toList();
  }

  private static List<String> names() {
    return new Backends().probe().stream().map(each -> each.provider().name()).toList();
  }

  /** Those that compute for their speed, whether they are there or not. */
  private static List<String> fastNames() {
    return new Backends()
        .probe().stream()
            .filter(each ->
                !(each.probe() instanceof Probe.Usable usable)
                    || usable.devices().stream()
                        .anyMatch(device -> device.priority() >= DeviceInfo.CPU_BY_DEVICE_API))
            .map(each -> each.provider().name())
            .toList();
  }

  /** The most threads that compute. */
  int allThreads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /** Whether something of that name is to be measured. */
  boolean wants(String name) {
    return filters.isEmpty() || filters.stream().anyMatch(name::contains);
  }

  /** Whether an operation is to be measured. */
  boolean wants(Subject subject) {
    return wants(subject.name())
        && (dtypes.isEmpty() || dtypes.contains(subject.stored().toString()));
  }

  /**
   * Measuring time of each system in a step that has so many seconds.
   *
   * @param over how much longer a system takes, with what goes before
   */
  double share(double stepSeconds, int systems, double over) {
    return Math.clamp(stepSeconds / systems / over, Math.min(LEAST_SECONDS, seconds), seconds);
  }

  /** Why something was not begun. */
  String noTime() {
    String number = minutes == Math.rint(minutes) ? "%.0f" : "%s";
    return ("no time was left of " + number + " minutes: give it more by --minutes")
        .formatted(minutes);
  }

  /** Who computes operations, each in the type that it says itself. */
  List<Entrant> operations() {
    List<Entrant> entrants = new ArrayList<>(backends(allThreads(), "f32"));
    entrants.addAll(peers(OperationSystemProvider.class, allThreads()));
    return entrants;
  }

  private List<Entrant> backends(int threads, String dtype) {
    List<String> chosen = backends.isEmpty() ? fastNames() : backends;
    return chosen.stream()
        .map(backend -> Entrant.heddle(new Settings(threads, backend, null, dtype)))
        .toList();
  }

  /** Our own on each backend and in each type that models compute in, then the peers of a kind. */
  List<Entrant> entrants(Class<? extends SystemProvider> kind, int threads) {
    List<Entrant> entrants = new ArrayList<>();
    List<String> types = dtypes.isEmpty() ? List.of("f32") : dtypes;
    types.stream()
        .filter(computeTypes()::contains)
        .forEach(dtype -> entrants.addAll(backends(threads, dtype)));
    entrants.addAll(peers(kind, threads));
    return entrants;
  }

  private List<Entrant> peers(Class<? extends SystemProvider> kind, int threads) {
    Settings settings = new Settings(threads, null, null, "f32");
    return new Peers(peers).of(kind).stream().map(name -> new Entrant(name, settings)).toList();
  }
}
