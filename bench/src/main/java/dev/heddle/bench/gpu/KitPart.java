package dev.heddle.bench.gpu;

import dev.heddle.backend.Backend;
import dev.heddle.conformance.Case;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Outcome;
import dev.heddle.conformance.Result;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The conformance kit: every operation against the reference. */
final class KitPart {
  private KitPart() {}

  /**
   * Runs it, several operations at a time, for most of it is the compiling of kernels.
   *
   * @param small whether a case of each operation does
   */
  static Part run(Supplier<Backend> opener, boolean small, Deadline deadline) {
    Part.Tally tally =
        new Part.Tally(
            "kit",
            "operations on odd shapes, types and masks against the reference interpreter"
                + (small ? ": the first of each operation" : ""));
    Set<String> seen = new HashSet<>();
    List<Case> cases = Conformance.cases().filter(each -> !small || seen.add(each.op())).toList();
    Map<String, List<Case>> byOperation = cases.stream().collect(Collectors.groupingBy(Case::op));
    try (Backend backend = opener.get()) {
      run(byOperation.remove(Conformance.WHOLE_GRAPHS), backend, deadline, tally);
      try (ExecutorService threads =
          Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
        byOperation
            .values()
            .forEach(group -> threads.execute(() -> run(group, backend, deadline, tally)));
      }
      if (backend.liveBytes() != 0) {
        tally.failed("memory", "%,d bytes are held at the end".formatted(backend.liveBytes()));
      }
    } catch (RuntimeException e) {
      tally.failed("kit", e.toString());
    }
    return tally.part();
  }

  private static void run(List<Case> cases, Backend backend, Deadline deadline, Part.Tally tally) {
    for (Case each : cases) {
      if (deadline.hasPassed()) {
        tally.notRun();
      } else {
        Result result = each.run(backend);
        switch (result.outcome()) {
          case Outcome.Passed p -> tally.passed();
          case Outcome.Failed(String reason) -> tally.failed(result.name(), reason);
          case Outcome.Unsupported(String reason) -> tally.unsupported(reason);
        }
      }
    }
  }
}
