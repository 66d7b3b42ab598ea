package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tokens that are pulled, and generations that others end. */
@Timeout(60)
class GenerationStreamTest {
  private static final int[] PROMPT = {5, 6, 7};

  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder().maxNewTokens(20).build();

  private final Model model = Models.open(Path.of("src/test/data/hf/gpt2"));
  private final Generator generator = Generator.builder(model).backend("cpu").build();

  @AfterEach
  void close() {
    generator.close();
    model.close();
  }

  @Test
  void aStreamGivesTheTokensOfTheGeneration() {
    Generation whole = generator.generate(PROMPT, OPTIONS);
    try (GenerationStream stream = generator.stream(PROMPT, OPTIONS)) {
      StringBuilder text = new StringBuilder();
      int[] ids = stream.tokens().peek(t -> text.append(t.text())).mapToInt(t -> t.id()).toArray();
      assertArrayEquals(whole.first().ids(), ids);
      assertEquals(whole.text(), text.toString());
      assertEquals(StopReason.LENGTH, stream.result().first().stopped());
    }
  }

  @Test
  void aStreamThatIsClosedHasGivenWhatWasRead() throws Exception {
    GenerationStream stream = generator.stream(PROMPT, OPTIONS);
    int first = stream.next().id();
    int second = CompletableFuture.supplyAsync(() -> stream.next().id()).get();
    CompletableFuture.runAsync(stream::close).get();
    assertFalse(stream.hasNext());
    GeneratedSequence result = stream.result().first();
    assertArrayEquals(new int[] {first, second}, result.ids());
    assertEquals(StopReason.CANCELLED, result.stopped());
    assertEquals(20, generator.generate(PROMPT, OPTIONS).first().ids().length);
  }

  @Test
  void aThreadMayGenerateWhileItReadsAStream() {
    int[] alone = generator.generate(PROMPT, OPTIONS).first().ids();
    try (GenerationStream stream = generator.stream(PROMPT, OPTIONS)) {
      int first = stream.next().id();
      assertArrayEquals(alone, generator.generate(PROMPT, OPTIONS).first().ids());
      assertEquals(alone[0], first);
      assertTrue(stream.hasNext());
      assertArrayEquals(alone, stream.result().first().ids());
    }
  }

  @Test
  void whatTheModelDoesNotTakeIsRefused() {
    assertThrows(
        InvalidInputException.class, () -> generator.stream(new int[] {5, 100_000}, OPTIONS));
    assertThrows(InvalidInputException.class, () -> generator.stream(new int[0], OPTIONS));
    assertEquals(20, generator.generate(PROMPT, OPTIONS).first().ids().length);
  }

  @Test
  void aCancellationEndsAGenerationAndABeamSearch() {
    Cancellation cancellation = new Cancellation();
    Generation drawn =
        generator.generate(
            PROMPT,
            OPTIONS.toBuilder().doSample(true).numReturnSequences(2).build(),
            (sequence, id, text) -> {
              cancellation.cancel();
              return true;
            },
            cancellation);
    // What its listener was told of is what there is.
    assertEquals(1, drawn.sequences().get(0).ids().length);
    assertEquals(0, drawn.sequences().get(1).ids().length);
    for (GeneratedSequence each : drawn.sequences()) {
      assertEquals(StopReason.CANCELLED, each.stopped());
    }
    // Before its turn: nothing is run.
    assertEquals(0, generator.generate(PROMPT, OPTIONS, null, cancellation).first().ids().length);

    Cancellation soon = new Cancellation();
    GenerationOptions beams =
        OPTIONS.toBuilder().maxNewTokens(60).numBeams(4).earlyStopping(EarlyStopping.NEVER).build();
    CompletableFuture.delayedExecutor(5, TimeUnit.MILLISECONDS).execute(soon::cancel);
    Generation search = generator.generate(PROMPT, beams, null, soon);
    assertEquals(1, search.sequences().size());
  }

  @Test
  void aListenerEndsAGeneration() {
    Generation result = generator.generate(PROMPT, OPTIONS, (sequence, id, text) -> false);
    assertEquals(1, result.first().ids().length);
    assertEquals(StopReason.CANCELLED, result.first().stopped());
  }

  @Test
  void closingTheGeneratorEndsAnOpenStream() {
    Generator own = Generator.builder(model).backend("cpu").build();
    GenerationStream stream = own.stream(PROMPT, OPTIONS.toBuilder().maxNewTokens(60).build());
    stream.next();
    own.close();
    StopReason stopped = stream.result().first().stopped();
    assertTrue(stopped == StopReason.CLOSED || stopped == StopReason.LENGTH, stopped.label());
    assertThrows(IllegalStateException.class, () -> own.generate(PROMPT, OPTIONS));
  }
}
