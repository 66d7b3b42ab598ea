package dev.heddle.bench;

import dev.heddle.backend.Backends;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.bench.ops.OperationSystemProvider;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Who is compared, and in what. */
final class CompareOptions {
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
      defaultValue = "2",
      paramLabel = "S",
      description =
          "Measuring time of each system at each work, at most (default: ${DEFAULT-VALUE}).")
  double seconds;

  @Option(
      names = "--peers",
      arity = "0..1",
      fallbackValue = Peers.ALL,
      paramLabel = "NAME,…",
      description = "Compare with other runtimes: those named, or all that are installed.")
  String peers;

  /**
   * Refuses what cannot be.
   *
   * @throws ParameterException of a backend, type, peer or number of threads that there is not
   */
  void check(CommandSpec spec) {
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
    new Peers(peers)
        .check(
            spec,
            List.of(
                OperationSystemProvider.class,
                EmbeddingSystemProvider.class,
                TextSystemProvider.class));
    for (String dtype : dtypes) {
      try {
        ComputeType.of(dtype);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), "--dtype: " + e.getMessage(), e);
      }
    }
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

  /** Whether operations with weights of a type are to be measured. */
  boolean wantsType(String dtype) {
    return dtypes.isEmpty() || dtypes.contains(dtype);
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

  /** Our own on each backend and in each type, then the peers of a kind. */
  List<Entrant> entrants(Class<? extends SystemProvider> kind, int threads) {
    List<Entrant> entrants = new ArrayList<>();
    for (String dtype : dtypes.isEmpty() ? List.of("f32") : dtypes) {
      entrants.addAll(backends(threads, dtype));
    }
    entrants.addAll(peers(kind, threads));
    return entrants;
  }

  private List<Entrant> peers(Class<? extends SystemProvider> kind, int threads) {
    Settings settings = new Settings(threads, null, null, "f32");
    return new Peers(peers).of(kind).stream().map(name -> new Entrant(name, settings)).toList();
  }
}
