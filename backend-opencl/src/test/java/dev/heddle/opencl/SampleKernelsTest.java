package dev.heddle.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.BackendOptions;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Outcome;
import dev.heddle.conformance.Result;
import dev.heddle.kernels.KernelBackend;
import dev.heddle.kernels.ProgramCache;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sampling as GPUs do it: a row is a group's. */
@NeedsPlatform
class SampleKernelsTest {
  @Test
  void aGroupChoosesWhatTheInterpreterDoes() {
    OpenClDevice device = TestKernels.open(BackendOptions.DEFAULT, ProgramCache.off());
    try (KernelBackend backend = new KernelBackend(GroupDevice.of(device), List.of())) {
      List<Result> others =
          Conformance.cases()
              .filter(each -> each.op().equals("Sample"))
              .map(each -> each.run(backend))
              .filter(result -> !(result.outcome() instanceof Outcome.Passed))
              .toList();
      assertEquals(List.of(), others);
    }
    TestKernels.assertNothingLives(device);
  }
}
