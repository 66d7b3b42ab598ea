package dev.heddle.bench;

import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Work;
import java.util.List;

/** A system that is to be measured, and how it is to run. */
record Entrant(String system, Settings settings) {
  /** Our own. */
  static Entrant heddle(Settings settings) {
    return new Entrant(Contender.HEDDLE, settings);
  }

  boolean isHeddle() {
    return system.equals(Contender.HEDDLE);
  }

  /** As results name it. */
  Contender contender(String version, String arithmetic) {
    return new Contender(
        system,
        version,
        isHeddle() ? settings.backend() : null,
        isHeddle() ? settings.dtype() : null,
        isHeddle() ? arithmetic : null,
        settings.threads());
  }

  /** Lines of systems that something is not measured of. */
  static List<Line> skipped(List<Entrant> entrants, Work work, String reason) {
    return entrants.stream()
        .map(entrant -> Line.without(work, entrant.contender(null, null), reason))
        .toList();
  }

  /** {@code heddle on opencl}, {@code onnxruntime}. */
  @Override
  public String toString() {
    return isHeddle() ? system + " on " + settings.backend() : system;
  }
}
