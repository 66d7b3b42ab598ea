package dev.heddle.bench.result;

import dev.heddle.backend.DeviceInfo;
import dev.heddle.bench.Revision;
import java.util.List;
import java.util.Map;

/** Results of a machine that there is not. */
public final class SampleResults {
  private SampleResults() {}

  /** With these lines. */
  public static Results of(Line... lines) {
    return new Results(
        "2026-01-31T12:00:00Z",
        "0.1.0",
        new Revision("1234abcd", false),
        12.5,
        new Machine(
            "AMD EPYC(TM) 9B14 CPU", 2, 512, 1L << 34, Map.of("L2", 1L << 20), null, "Linux", "6"),
        new Java("OpenJDK 25", List.of("-Xmx1g")),
        new Noise(0.5, 2.1, 0.02, 0, 0.01),
        List.of("busy"),
        List.of(new DeviceInfo("cpu", 0, "AMD EPYC", 100, Map.of("threads", "2"))),
        List.of(new Ceiling("cpu", "fma", 2, 2.3e11, Unit.FLOPS)),
        List.of(lines));
  }
}
