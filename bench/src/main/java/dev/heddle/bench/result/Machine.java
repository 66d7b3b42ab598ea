package dev.heddle.bench.result;

import java.util.Locale;
import java.util.Map;

/**
 * What it ran on, and nothing that names the host.
 *
 * @param cpu the processor's name, as it says
 * @param cores processors that this process may use
 * @param vectorBits width of the vectors that the {@code cpu} backend computes with; 0 for none
 * @param memory bytes
 * @param caches bytes of each, by name: {@code L1d}, {@code L2}, {@code L3}
 * @param governor of the processors' frequency; null where the system does not say
 * @param os its name and the processor's architecture
 * @param kernel the system's version
 */
public record Machine(
    String cpu,
    int cores,
    int vectorBits,
    long memory,
    Map<String, Long> caches,
    String governor,
    String os,
    String kernel) {
  /** What its results are filed by: {@code amd-epyc-2c}. */
  public String key() {
    String name = cpu.toLowerCase(Locale.ROOT).replaceAll("\\((r|tm|c)\\)|\\bcpu\\b", " ");
    return name.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "") + "-" + cores + "c";
  }
}
