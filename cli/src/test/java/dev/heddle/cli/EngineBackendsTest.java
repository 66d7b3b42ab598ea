package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.backend.Backends;
import dev.heddle.backend.Probe;
import dev.heddle.generate.Engine;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.GenerationRequest;
import dev.heddle.generate.GenerationStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EngineBackendsTest {
  /** But the interpreter, which tests of the engine itself run on. */
  static Stream<String> usableBackends() {
    return new Backends()
        .probe().stream()
            .filter(candidate -> candidate.probe() instanceof Probe.Usable)
            .map(candidate -> candidate.provider().name())
            .filter(name -> !name.equals("reference"));
  }

  private static GenerationRequest request(int i) {
    int[] prompt = IntStream.range(0, 1 + 9 * i).map(at -> 5 + (at * at + i) % 700).toArray();
    GenerationOptions options =
        GenerationOptions.builder().doSample(i % 2 > 0).topK(20).seed(i).maxNewTokens(6).build();
    return GenerationRequest.of(prompt, options);
  }

  @ParameterizedTest
  @MethodSource("usableBackends")
  void eachOfManyGetsWhatItGetsAlone(String backend) {
    try (Engine engine =
        Engine.builder("shakespeare-llama")
            .backend(backend)
            .stepTokens(32)
            .sharePrefixes(false)
            .build()) {
      List<int[]> alone = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        alone.add(engine.generate(request(i)).first().ids());
      }
      List<GenerationStream> together = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        together.add(engine.submit(request(i)));
      }
      for (int i = 0; i < 6; i++) {
        assertArrayEquals(alone.get(i), together.get(i).result().first().ids(), "request " + i);
      }
      assertEquals(engine.stats().pages(), engine.stats().freePages());
    }
  }
}
