package dev.heddle.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Report;
import dev.heddle.conformance.Result;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Streams that do nothing before somebody waits for them, the youngest first: who forgets to wait
 * reads what is not there yet, or changes what is still to be read.
 */
@NeedsDevice
class LazyStreamsTest {
  /** Whole graphs, steps, and memory that is used again: where waiting matters. */
  private static final Set<String> SUBJECTS = Set.of("CacheWrite", "ComputeType", "Graph");

  @AfterEach
  void streamsAreEagerAgain() {
    Simulator.set("lazy", 0);
  }

  @Test
  void nothingIsReadBeforeItIsThere() {
    Simulator.need();
    Simulator.reset();
    Simulator.set("lazy", 1);
    CudaDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (Backend backend = new KernelBackend(device, List.of())) {
      Report report =
          new Report(
              Conformance.cases()
                  .filter(each -> SUBJECTS.contains(each.op()))
                  .map(each -> each.run(backend))
                  .toList());
      assertEquals(
          "", report.failures().stream().map(Result::toString).collect(Collectors.joining("\n")));
      assertTrue(report.passed() > 20, report.passed() + " cases");
    }
    TestKernels.assertNothingLives(device);
    assertEquals("", Simulator.report());
  }
}
