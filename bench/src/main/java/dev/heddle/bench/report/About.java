package dev.heddle.bench.report;

import dev.heddle.bench.result.Machine;
import dev.heddle.bench.result.Noise;
import dev.heddle.bench.result.Results;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** What is to be known of results before their numbers. */
final class About {
  static final String HOW =
      "Best, median and spread are of one run's time. Spread is how far its quartiles lie apart, or"
          + " the medians of eight parts of the measurement, whichever is more, over the median."
          + " Speed-up is a system's rate over the first one's at the same work with as many"
          + " threads; that one says 1. In the table of speed-ups it is the geometric mean.";

  private About() {}

  /** What it was measured on, by name. */
  static Map<String, String> of(Results results) {
    Map<String, String> about = new LinkedHashMap<>();
    Machine machine = results.machine();
    about.put(
        "machine",
        "%s, %d cores, %s, %.1f GiB"
            .formatted(
                machine.cpu(),
                machine.cores(),
                machine.vectorBits() == 0
                    ? "no vectors"
                    : "vectors of " + machine.vectorBits() + " bits",
                machine.memory() / 0x1p30));
    if (!machine.caches().isEmpty()) {
      about.put(
          "caches",
          machine.caches().entrySet().stream()
              .map(cache -> "%s %,d KiB".formatted(cache.getKey(), cache.getValue() >> 10))
              .collect(Collectors.joining(", ")));
    }
    about.put(
        "system",
        "%s %s, governor %s"
            .formatted(
                machine.os(),
                machine.kernel(),
                machine.governor() == null ? "unknown" : machine.governor()));
    about.put("java", results.java().vm() + " " + String.join(" ", results.java().flags()));
    results
        .devices()
        .forEach(device ->
            about.put(
                device.backend() + ":" + device.index(),
                device.details().entrySet().stream()
                    .map(detail -> detail.getKey() + " " + detail.getValue())
                    .collect(Collectors.joining("; ", device.name() + "; ", ""))));
    about.put("heddle", results.heddle() + ", commit " + results.revision());
    about.put("made", "%s, in %.0f s".formatted(results.made(), results.seconds()));
    about.put("noise", noise(results));
    return about;
  }

  /** How quiet the machine was, in a line. */
  static String noise(Results results) {
    Noise noise = results.noise();
    return "load average %s before and %s after; other processes took %s of all time, the host %s;"
            .formatted(
                number(noise.loadBefore()),
                number(noise.loadAfter()),
                share(noise.others()),
                share(noise.stolen()))
        + " a loop that only counts took %s longer than at best".formatted(share(noise.jitter()));
  }

  private static String number(double value) {
    return value < 0 ? "unknown" : "%.2f".formatted(value);
  }

  private static String share(double value) {
    return value < 0 ? "unknown" : Cells.percent(value);
  }
}
