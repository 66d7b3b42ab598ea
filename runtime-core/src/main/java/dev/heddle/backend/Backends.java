package dev.heddle.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Finds the backends of this machine and chooses one, with the reason for each choice in words.
 *
 * <p>A choice is {@code auto}, a backend's name, or {@code name:device} ({@code opencl:1}). Where
 * none is given, the system property {@code heddle.backend} decides, then the environment variable
 * {@code HEDDLE_BACKEND}, then {@code auto}. {@code auto} takes the usable device of highest
 * priority; any other choice is that device or an error.
 */
public final class Backends {
  /** Chooses by priority. */
  public static final String AUTO = "auto";

  private final List<BackendProvider> providers;

  /** The providers that {@link ServiceLoader} finds. */
  public Backends() {
    this(ServiceLoader.load(BackendProvider.class).stream().map(p -> p.get()).toList());
  }

  /** These providers. */
  public Backends(List<BackendProvider> providers) {
    this.providers = List.copyOf(providers);
  }

  /** One provider and what it found. */
  public record Candidate(BackendProvider provider, Probe probe) {}

  /**
   * What was chosen.
   *
   * @param value what was loaded on the chosen device
   * @param reason one line: which device, and why each other was refused
   */
  public record Selected<T>(T value, String reason) {}

  private record Device(BackendProvider provider, DeviceInfo info) {}

  /** What was not taken, why, and what to do about it; the remedy may be empty. */
  private record Refused(String reason, String remedy) {}

  /** Every provider and what it finds, in the order of their names. */
  public List<Candidate> probe() {
    return providers.stream()
        .sorted(Comparator.comparing(BackendProvider::name))
        .map(provider -> new Candidate(provider, provider.probe()))
        .toList();
  }

  /** The choice in force where {@code asked} is null: property, environment, {@code auto}. */
  public static String choice(String asked) {
    if (asked != null) {
      return asked;
    }
    String property = System.getProperty("heddle.backend");
    if (property != null) {
      return property;
    }
    String variable = System.getenv("HEDDLE_BACKEND");
    return variable != null && !variable.isBlank() ? variable : AUTO;
  }

  /** Opens the chosen backend; see {@link #load}. */
  public Selected<Backend> open(String choice, BackendOptions options) {
    return load(choice, options, backend -> backend);
  }

  /**
   * Opens the chosen backend and loads something on it. With {@code auto}, a backend that refuses
   * the graph ({@link UnsupportedGraphException}) or lacks the memory for it is closed, and the
   * next one tried.
   *
   * @param choice {@code auto}, {@code name} or {@code name:device}; null as {@link #choice} says
   * @param loader what to load; it owns the backend once it returns
   * @throws BackendUnavailableException if nothing usable is left, with all reasons and remedies
   */
  public <T> Selected<T> load(String choice, BackendOptions options, Function<Backend, T> loader) {
    String wanted = choice(choice);
    if (!wanted.equals(AUTO)) {
      return explicit(wanted, options, loader);
    }
    List<Refused> refused = new ArrayList<>();
    for (Device device : byPriority(refused)) {
      try {
        T value = tryLoad(device.provider, at(options, device.info.index()), loader);
        return new Selected<>(value, reason(device.info, "highest priority", refused));
      } catch (UnsupportedGraphException e) {
        refused.add(new Refused(device.info + ": " + firstOf(e), ""));
      } catch (OutOfDeviceMemoryException | BackendUnavailableException e) {
        refused.add(new Refused(device.info + ": " + firstLine(e), ""));
      }
    }
    throw new BackendUnavailableException(
        "no backend can run this:\n  "
            + (refused.isEmpty()
                ? "none is installed; add dev.heddle:heddle-cpu to the class path"
                : refused.stream()
                    .map(r -> r.remedy.isEmpty() ? r.reason : r.reason + ". " + r.remedy)
                    .collect(Collectors.joining("\n  "))));
  }

  /** One line of the many: the graph, and the first node that is refused. */
  private static String firstOf(UnsupportedGraphException e) {
    String graph = firstLine(e);
    return e.refusals().stream()
        .findFirst()
        .map(first -> graph + " " + first.node().op().name() + ": " + first.reason())
        .orElse(graph);
  }

  private static String firstLine(HeddleException e) {
    return e.getMessage().lines().findFirst().orElse("");
  }

  private static BackendOptions at(BackendOptions options, int index) {
    return options.withDevice(Integer.toString(index));
  }

  private <T> Selected<T> explicit(
      String wanted, BackendOptions options, Function<Backend, T> loader) {
    int colon = wanted.indexOf(':');
    String name = colon < 0 ? wanted : wanted.substring(0, colon);
    BackendProvider provider =
        providers.stream()
            .filter(p -> p.name().equals(name))
            .findFirst()
            .orElseThrow(() ->
                new BackendUnavailableException(
                    "no backend is called \"%s\"; there are %s and auto"
                        .formatted(name, providers.stream().map(BackendProvider::name).toList())));
    if (provider.probe() instanceof Probe.Unusable(String reason, String remedy)) {
      throw new BackendUnavailableException(
          "backend %s cannot be used here: %s. %s".formatted(name, reason, remedy));
    }
    BackendOptions chosen = colon < 0 ? options : options.withDevice(wanted.substring(colon + 1));
    List<DeviceInfo> used = new ArrayList<>();
    T value =
        tryLoad(
            provider,
            chosen,
            backend -> {
              used.add(backend.device());
              return loader.apply(backend);
            });
    return new Selected<>(value, reason(used.getFirst(), "asked for", List.of()));
  }

  private List<Device> byPriority(List<Refused> refused) {
    List<Device> devices = new ArrayList<>();
    for (Candidate candidate : probe()) {
      switch (candidate.probe) {
        case Probe.Usable usable ->
            usable.devices().forEach(info -> devices.add(new Device(candidate.provider, info)));
        case Probe.Unusable unusable ->
            refused.add(
                new Refused(
                    candidate.provider.name() + ": " + unusable.reason(), unusable.remedy()));
      }
    }
    devices.sort(Comparator.comparingInt((Device d) -> d.info.priority()).reversed());
    return devices;
  }

  private static <T> T tryLoad(
      BackendProvider provider, BackendOptions options, Function<Backend, T> loader) {
    Backend backend = provider.open(options);
    try {
      return loader.apply(backend);
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  private static String reason(DeviceInfo device, String why, List<Refused> refused) {
    String others = refused.stream().map(r -> "; not " + r.reason).collect(Collectors.joining());
    return "backend " + device + ": " + why + others;
  }
}
