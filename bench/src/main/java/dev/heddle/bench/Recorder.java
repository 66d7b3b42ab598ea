package dev.heddle.bench;

import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Probe;
import dev.heddle.bench.host.Host;
import dev.heddle.bench.host.NoiseWatch;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Noise;
import dev.heddle.bench.result.Results;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Gathers what a run of benchmarks finds, and what else is to be known of it. */
public final class Recorder {
  /** Above these a comparison says that it was disturbed. */
  private static final double MOST_OTHERS = 0.05;

  private static final double MOST_STOLEN = 0.02;
  private static final double MOST_JITTER = 0.1;
  private static final double MOST_SPREAD = 0.1;

  private final long begin = System.nanoTime();
  private final String made = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  private final NoiseWatch watch = new NoiseWatch();
  private final List<Ceiling> ceilings = new ArrayList<>();
  private final List<Line> lines = new ArrayList<>();

  /** Begins. */
  public Recorder() {}

  /** Adds lines: those of one table stand together in the end. */
  public void add(List<Line> found) {
    lines.addAll(found);
    watch.sample();
  }

  /** Adds what bounds some of the lines: of what was measured more than once, the most. */
  public void add(Ceiling ceiling) {
    for (int i = 0; i < ceilings.size(); i++) {
      if (ceilings.get(i).isSame(ceiling)) {
        ceilings.set(
            i, ceiling.perSecond() > ceilings.get(i).perSecond() ? ceiling : ceilings.get(i));
        return;
      }
    }
    ceilings.add(ceiling);
  }

  /** Adds lines of what is not measured; of who is known not to be there, they say that. */
  void skip(List<Line> unmeasured) {
    add(
        unmeasured.stream()
            .map(line ->
                lines.stream()
                    .filter(known -> isMissing(known, line))
                    .findFirst()
                    .map(known -> Line.without(line.work(), line.by(), known.reason()))
                    .orElse(line))
            .toList());
  }

  /** A backend that never ran is never there; a peer may do other work. */
  private static boolean isMissing(Line known, Line line) {
    return known.by().version() == null
        && known.by().label().equals(line.by().label())
        && known.by().threads() == line.by().threads()
        && (line.by().backend() != null || known.work().group().equals(line.work().group()));
  }

  void add(TextBenchmark.Found found) {
    add(found.lines());
    add(found.stream());
  }

  /** All of it. */
  public Results results() {
    Noise noise = watch.noise();
    return new Results(
        made,
        Systems.version(),
        Installed.revision(),
        Math.round((System.nanoTime() - begin) * 1e-8) / 10.0,
        Host.machine(),
        Host.java(),
        noise,
        warnings(noise),
        devices(),
        List.copyOf(ceilings),
        List.copyOf(lines));
  }

  private List<DeviceInfo> devices() {
    return new Backends()
        .probe().stream()
            .filter(candidate -> candidate.probe() instanceof Probe.Usable)
            .filter(candidate ->
                lines.stream()
                    .anyMatch(line ->
                        line.by().backend() != null
                            && line.by().backend().startsWith(candidate.provider().name())))
            .flatMap(candidate -> ((Probe.Usable) candidate.probe()).devices().stream())
            .toList();
  }

  private List<String> warnings(Noise noise) {
    List<String> warnings = new ArrayList<>();
    String than = "more than %.0f %%: too much to compare by";
    warn(
        warnings, noise.others(), MOST_OTHERS, "other processes took %.0f %% of all time, " + than);
    warn(warnings, noise.stolen(), MOST_STOLEN, "the host took %.0f %% of all time, " + than);
    warn(
        warnings,
        noise.jitter(),
        MOST_JITTER,
        "a loop that only counts usually took %.0f %% longer than at best, " + than);
    double[] spreads =
        lines.stream()
            .filter(line -> line.times() != null)
            .mapToDouble(line -> line.times().spread())
            .sorted()
            .toArray();
    if (spreads.length > 0) {
      double spread = spreads[spreads.length / 2];
      warn(warnings, spread, MOST_SPREAD, "half of all times spread by %.0f %% or more, " + than);
    }
    return warnings;
  }

  private static void warn(List<String> warnings, double value, double most, String format) {
    if (value > most) {
      warnings.add(format.formatted(value * 100, most * 100));
    }
  }
}
