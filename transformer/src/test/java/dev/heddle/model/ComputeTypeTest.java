package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendUnavailableException;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.Plan;
import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.generate.Scorer;
import dev.heddle.op.CacheWrite;
import dev.heddle.task.Embedder;
import dev.heddle.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The shipped models in narrow types, through what loads them; the kit does so on each backend. */
class ComputeTypeTest {
  private static final String TEXT =
      "First Citizen:\nBefore we proceed any further, hear me speak.\n";

  private static BackendOptions in(ComputeType type) {
    return BackendOptions.DEFAULT.withModels(CompileOptions.MODEL.withComputeType(type));
  }

  /** Half a unit in the last place, and what a dozen roundings one after another make of it. */
  private static double tolerance(ComputeType type) {
    return 12 * (type == ComputeType.F16 ? 0x1p-11 : 0x1p-8);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void anEncodersVectorsArePartedByRoundingAlone(ComputeType type) {
    float[] exact = vector(ComputeType.F32);
    float[] narrow = vector(type);
    double apart = 0;
    for (int i = 0; i < exact.length; i++) {
      apart += Math.pow(exact[i] - narrow[i], 2);
    }
    apart = Math.sqrt(apart);
    assertTrue(
        apart > 0 && apart < tolerance(type), "of length 1, they are %f apart".formatted(apart));
  }

  private static float[] vector(ComputeType type) {
    try (Embedder embedder =
        Embedder.builder("sentiment-bert")
            .backend("cpu")
            .backendOptions(in(type))
            .normalise(true)
            .build()) {
      return embedder.embed(List.of("The loom is warm, and so is the weaver."))[0];
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void aDecoderWritesWithItsCacheInThatType(ComputeType type) {
    try (Model model = Models.open("shakespeare-llama");
        Generator generator =
            Generator.builder(model).backend("cpu").backendOptions(in(type)).build()) {
      assertEquals(nats(model, ComputeType.F32), nats(model, type), tolerance(type));
      Plan plan = generator.plan();
      List<DType> caches =
          plan.steps().stream()
              .filter(step -> step.node().op() instanceof CacheWrite)
              .map(step -> step.node().output().type().dtype())
              .distinct()
              .toList();
      assertEquals(List.of(DType.valueOf(type.name())), caches);
      assertTrue(plan.notes().toString().contains("stored in " + type), plan.notes().toString());
      GenerationOptions options = GenerationOptions.DEFAULT.toBuilder().maxNewTokens(8).build();
      Generation first = generator.generate(TEXT, options);
      assertEquals(first.first().text(), generator.generate(TEXT, options).first().text());
    }
  }

  /** Of a token of the text. */
  private static double nats(Model model, ComputeType type) {
    try (Scorer scorer = Scorer.builder(model).backend("cpu").backendOptions(in(type)).build()) {
      return scorer.score(model.tokenizer().encode(TEXT).ids(), 64, 64).natsPerToken();
    }
  }

  @Test
  void whatTheCpuLacksIsSaidInWords() {
    CompileOptions tf32 =
        CompileOptions.MODEL.withNumerics(Numerics.FASTEST).withComputeType(ComputeType.TF32);
    BackendOptions options = BackendOptions.DEFAULT.withModels(tf32);
    var builder = Embedder.builder("sentiment-bert").backend("cpu").backendOptions(options);
    String message = assertThrows(BackendUnavailableException.class, builder::build).getMessage();
    assertTrue(message.contains("cpu") && message.contains("tf32"), message);
    assertThrows(
        IllegalArgumentException.class,
        () -> CompileOptions.MODEL.withComputeType(ComputeType.TF32));
  }
}
