package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ModelKernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What is compiled ahead of time is what models ask for. */
class ModelKernelsTest {
  private static final Path MODELS = Path.of("../transformer/src/test/data/hf");

  @Test
  void everyKernelOfTheModelsAtHandIsCompiledAheadOfTime() throws IOException {
    // What comes out is nothing, so most cases fail; which kernels are asked for is the question.
    Target target = new Target(RecordingProvider.NAME, BackendOptions.DEFAULT);
    new Fixtures(target, result -> {}, note -> {}).run(MODELS);
    Set<String> asked = RecordingProvider.sources();
    assertTrue(asked.size() > 25, asked.toString());
    Set<String> missing = new TreeSet<>(asked);
    ModelKernels.all().stream().map(KernelSource::toString).forEach(missing::remove);
    assertEquals(Set.of(), missing);
  }
}
