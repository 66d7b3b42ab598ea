package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;
import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import dev.heddle.generate.Generator;
import dev.heddle.graph.Graph;
import dev.heddle.kernels.KernelSource;
import dev.heddle.kernels.ModelKernels;
import dev.heddle.model.Decoder;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.pass.Passes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is compiled ahead of time is what models ask for. */
class ModelKernelsTest {
  private static final Path MODELS = Path.of("../transformer/src/test/data/hf");

  /** What each test asked for: the provider's devices remember for the whole process. */
  private static void allAskedForIsCompiledAheadOfTime() {
    Set<String> asked = RecordingProvider.sources();
    assertTrue(asked.size() > 25, asked.toString());
    Set<String> missing = new TreeSet<>(asked);
    ModelKernels.all().stream().map(KernelSource::toString).forEach(missing::remove);
    assertEquals(Set.of(), missing);
  }

  @Test
  void everyKernelOfTheModelsAtHandIsCompiledAheadOfTime() throws IOException {
    // What comes out is nothing, so most cases fail; which kernels are asked for is the question.
    Target target = new Target(RecordingProvider.NAME, BackendOptions.DEFAULT);
    new Fixtures(target, result -> {}, note -> {}).run(MODELS);
    allAskedForIsCompiledAheadOfTime();
  }

  @Test
  void soIsEveryOneOfTheTypeThatGpusComputeModelsIn() throws IOException {
    CompileOptions narrow = CompileOptions.MODEL.withComputeType(ComputeType.BF16);
    try (Stream<Path> folders = Files.list(MODELS);
        Backend backend = new RecordingProvider().open(BackendOptions.DEFAULT)) {
      for (Path folder : folders.toList()) {
        try (Model model = Models.open(folder)) {
          Graph graph = Passes.standard().apply(model.graph());
          backend.compile(graph, narrow).close();
          if (((Model.Checkpoint) model.network()).architecture() instanceof Decoder) {
            Generator.builder(model)
                .backend(RecordingProvider.NAME)
                .backendOptions(BackendOptions.DEFAULT.withModels(narrow))
                .build()
                .close();
          }
        }
      }
    }
    allAskedForIsCompiledAheadOfTime();
  }
}
