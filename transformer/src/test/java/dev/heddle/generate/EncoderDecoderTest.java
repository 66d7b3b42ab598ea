package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.model.Trace;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A decoder that writes about sources, step by step, on the interpreter. */
class EncoderDecoderTest {
  private static final Path FIXTURES = Path.of("src/test/data/hf");
  private static final DecoderGraph.Storage STORAGE = new DecoderGraph.Storage(DType.F32, 4);

  private final Backend backend = new ReferenceBackend();

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, backend.liveBytes());
    backend.close();
  }

  private Decoding decoding(Model model) {
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    return new Decoding(
        model.name(),
        (Decoder) checkpoint.architecture(),
        checkpoint.weights(),
        backend,
        new KvCache.Size(128, 4, 8, STORAGE),
        new KvCache.Size(64, 2, 40, STORAGE));
  }

  private static int[] ids(int seed, int count) {
    Random random = new Random(seed);
    return IntStream.range(0, count).map(i -> 5 + random.nextInt(300)).toArray();
  }

  /** Two sequences about two sources of other lengths share every step. */
  @ParameterizedTest
  @ValueSource(strings = {"t5", "mbart"})
  void stepsGiveWhatTheWholeSequenceGives(String fixture) {
    int[][] sources = {ids(1, 23), ids(2, 9)};
    int[][] written = {ids(3, 14), ids(4, 14)};
    try (Model model = Models.open(FIXTURES.resolve(fixture))) {
      float[][] whole = new float[2][];
      try (Trace trace = Trace.of(model, backend)) {
        for (int i = 0; i < 2; i++) {
          whole[i] = trace.run(sources[i], null, written[i]).get("logits").toFloats();
        }
      }
      try (Decoding decoding = decoding(model);
          KvCache.Sequence first = decoding.encode(sources[0]);
          KvCache.Sequence second = decoding.encode(sources[1]);
          KvCache.Sequence one = decoding.begin("one", first);
          KvCache.Sequence two = decoding.begin("two", second)) {
        int vocabulary = decoding.vocabularySize();
        int step = 7;
        for (int at = 0; at < 14; at += step) {
          float[] rows = new float[2 * step * vocabulary];
          decoding.add(one, written[0], at, step, step);
          decoding.add(two, written[1], at, step, step);
          assertEquals(2 * step, decoding.run(rows));
          for (int i = 0; i < 2; i++) {
            int from = at * vocabulary;
            assertArrayEquals(
                Arrays.copyOfRange(whole[i], from, from + step * vocabulary),
                Arrays.copyOfRange(rows, i * step * vocabulary, (i + 1) * step * vocabulary),
                1e-4f,
                "sequence " + i);
          }
        }
      }
    }
  }

  @Test
  void theEncoderRunsOnceAndBeamsShareWhatItGave() {
    try (Model model = Models.open(FIXTURES.resolve("t5"));
        Decoding decoding = decoding(model);
        KvCache.Sequence source = decoding.encode(ids(5, 33));
        KvCache.Sequence one = decoding.begin("one", source);
        KvCache.Sequence two = one.fork("two");
        KvCache.Sequence three = one.fork("three")) {
      float[] logits = new float[3 * decoding.vocabularySize()];
      long bytes = 0;
      int[] ids = ids(6, 40);
      for (int at = 0; at < ids.length; at++) {
        for (KvCache.Sequence beam : new KvCache.Sequence[] {one, two, three}) {
          decoding.add(beam, ids, at, 1, 1);
        }
        decoding.run(logits);
        if (at == 4) {
          bytes = backend.liveBytes();
        }
      }
      assertEquals(1, decoding.encoderRuns());
      assertEquals(33, source.length());
      // Widths of page tables grow by powers of two; nothing else does.
      assertTrue(backend.liveBytes() - bytes <= 4096, () -> "grew to " + backend.liveBytes());
    }
  }

  @Test
  void whatIsNoSourceIsRefusedAndTheNextOneIsRead() {
    try (Model model = Models.open(FIXTURES.resolve("mbart"));
        Decoding decoding = decoding(model)) {
      for (int[] wrong : new int[][] {{}, ids(7, 41), {5, 400}, {-1}}) {
        assertThrows(InvalidInputException.class, () -> decoding.encode(wrong));
      }
      try (KvCache.Sequence alone = decoding.cache().begin("alone")) {
        assertThrows(
            IllegalArgumentException.class, () -> decoding.add(alone, new int[] {2}, 0, 1, 1));
      }
      for (int i = 0; i < 5; i++) {
        decoding.encode(ids(8, 40)).close();
      }
      assertEquals(5, decoding.encoderRuns());
    }
  }

  @Test
  void theStartTokenMayBeAnother() {
    try (Model model = Models.open(FIXTURES.resolve("mbart"));
        Generator generator = Generator.builder(model).backend("reference").build()) {
      GenerationOptions options = generator.options().toBuilder().maxNewTokens(6).build();
      GenerationOptions other = options.toBuilder().decoderStartTokenId(9).build();
      int[] source = ids(9, 12);
      int[] usual = generator.generate(source, options).first().ids();
      assertArrayEquals(usual, generator.generate(source, options).first().ids());
      int[] changed = generator.generate(source, other).first().ids();
      assertTrue(!Arrays.equals(usual, changed), Arrays.toString(changed));
    }
  }

  @Test
  void whatWritesAboutATextIsNotAskedHowWellItForeseesOne() {
    try (Model model = Models.open(FIXTURES.resolve("t5"))) {
      ModelException e =
          assertThrows(ModelException.class, () -> Scorer.builder(model).build().close());
      assertTrue(e.getMessage().contains("expected a decoder"), e.getMessage());
    }
  }
}
