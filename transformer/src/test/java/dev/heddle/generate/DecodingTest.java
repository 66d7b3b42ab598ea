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
import dev.heddle.model.Models;
import dev.heddle.model.Trace;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps with a cache, on the interpreter: what comes out is what whole sequences give. */
class DecodingTest {
  private static final Path FIXTURES = Path.of("src/test/data/hf");
  private static final int PAGE = 4;

  private final Backend backend = new ReferenceBackend();

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, backend.liveBytes());
    backend.close();
  }

  private static Decoding decoding(Model model, Backend backend, int tokens, int sequences) {
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    KvCache.Size size =
        new KvCache.Size(tokens, sequences, 16, new DecoderGraph.Storage(DType.F32, PAGE));
    return new Decoding(
        model.name(), (Decoder) checkpoint.architecture(), checkpoint.weights(), backend, size);
  }

  private static int[] ids(int count) {
    Random random = new Random(count);
    return IntStream.range(0, count).map(i -> 5 + random.nextInt(300)).toArray();
  }

  /** Logits of every token, in steps of {@code chunk}. */
  private static float[] steps(Decoding decoding, KvCache.Sequence sequence, int[] ids, int chunk) {
    int vocabulary = decoding.vocabularySize();
    float[] all = new float[ids.length * vocabulary];
    for (int at = 0; at < ids.length; at += chunk) {
      int count = Math.min(chunk, ids.length - at);
      decoding.add(sequence, ids, at, count, count);
      float[] rows = new float[count * vocabulary];
      assertEquals(count, decoding.run(rows));
      System.arraycopy(rows, 0, all, at * vocabulary, rows.length);
    }
    return all;
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "mistral", "gemma3"})
  void stepsOfAnyLengthGiveWhatTheWholeSequenceGives(String fixture) {
    int[] ids = ids(37);
    try (Model model = Models.open(FIXTURES.resolve(fixture))) {
      float[] whole;
      try (Trace trace = Trace.of(model, backend)) {
        whole = trace.run(ids, null).get("logits").toFloats();
      }
      for (int chunk : new int[] {1, 5, 16}) {
        try (Decoding decoding = decoding(model, backend, 64, 2);
            KvCache.Sequence sequence = decoding.cache().begin("test")) {
          assertArrayEquals(whole, steps(decoding, sequence, ids, chunk), 1e-5f, "chunk " + chunk);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "mistral"})
  void sequencesInOneStepDoNotDisturbEachOther(String fixture) {
    try (Model model = Models.open(FIXTURES.resolve(fixture));
        Decoding decoding = decoding(model, backend, 96, 3)) {
      int[][] ids = {ids(9), ids(21), ids(14)};
      float[][] alone = new float[3][];
      for (int i = 0; i < 3; i++) {
        try (KvCache.Sequence sequence = decoding.cache().begin("alone")) {
          alone[i] = last(steps(decoding, sequence, ids[i], 7), decoding.vocabularySize());
        }
      }
      KvCache.Sequence[] together = new KvCache.Sequence[3];
      float[] rows = new float[3 * decoding.vocabularySize()];
      for (int i = 0; i < 3; i++) {
        together[i] = decoding.cache().begin("together " + i);
        int before = ids[i].length - 1;
        steps(decoding, together[i], Arrays.copyOf(ids[i], before), 8);
        decoding.add(together[i], ids[i], before, 1, 1);
        decoding.clear();
      }
      for (int i = 0; i < 3; i++) {
        decoding.add(together[i], ids[i], ids[i].length - 1, 1, 1);
      }
      assertEquals(3, decoding.run(rows));
      for (int i = 0; i < 3; i++) {
        int vocabulary = decoding.vocabularySize();
        float[] own = Arrays.copyOfRange(rows, i * vocabulary, (i + 1) * vocabulary);
        assertArrayEquals(alone[i], own, "sequence " + i);
        together[i].close();
      }
    }
  }

  private static float[] last(float[] rows, int vocabulary) {
    return Arrays.copyOfRange(rows, rows.length - vocabulary, rows.length);
  }

  private static int mostLikely(float[] rows) {
    float[] row = last(rows, 512);
    return IntStream.range(0, row.length).reduce((a, b) -> row[b] > row[a] ? b : a).orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "mistral", "gemma3"})
  void aForkSharesPagesAndWritesItsOwn(String fixture) {
    int[] ids = ids(30);
    int[] other = ids.clone();
    Arrays.setAll(other, i -> i < 18 ? ids[i] : (ids[i] + 17) % 300);
    try (Model model = Models.open(FIXTURES.resolve(fixture));
        Decoding decoding = decoding(model, backend, 80, 3)) {
      float[] wanted;
      float[] wantedOther;
      try (KvCache.Sequence one = decoding.cache().begin("one");
          KvCache.Sequence two = decoding.cache().begin("two")) {
        wanted = last(steps(decoding, one, ids, 6), decoding.vocabularySize());
        wantedOther = last(steps(decoding, two, other, 6), decoding.vocabularySize());
      }
      int free = decoding.cache().freeTokens();
      KvCache.Sequence one = decoding.cache().begin("one");
      steps(decoding, one, Arrays.copyOf(ids, 18), 6);
      int held = free - decoding.cache().freeTokens();
      KvCache.Sequence two = one.fork("two");
      assertEquals(free - held, decoding.cache().freeTokens(), "a fork holds nothing of its own");
      float[] got = steps(decoding, one, Arrays.copyOfRange(ids, 18, 30), 5);
      float[] gotOther = steps(decoding, two, Arrays.copyOfRange(other, 18, 30), 4);
      assertArrayEquals(wanted, last(got, decoding.vocabularySize()), 1e-6f);
      assertArrayEquals(wantedOther, last(gotOther, decoding.vocabularySize()), 1e-6f);
      one.close();
      two.close();
      assertEquals(free, decoding.cache().freeTokens());
    }
  }

  @Test
  void aTruncatedSequenceGoesOnAsIfNothingHadFollowed() {
    int[] ids = ids(20);
    try (Model model = Models.open(FIXTURES.resolve("gpt2"));
        Decoding decoding = decoding(model, backend, 48, 2);
        KvCache.Sequence sequence = decoding.cache().begin("test")) {
      float[] wanted = last(steps(decoding, sequence, ids, 16), decoding.vocabularySize());
      sequence.truncate(10);
      steps(decoding, sequence, new int[] {7, 8, 9}, 3);
      sequence.truncate(10);
      int[] rest = Arrays.copyOfRange(ids, 10, 20);
      assertArrayEquals(
          wanted, last(steps(decoding, sequence, rest, 3), decoding.vocabularySize()), 1e-6f);
      assertThrows(IllegalArgumentException.class, () -> sequence.truncate(21));
    }
  }

  @Test
  void aSequenceThatOutgrowsItsRotationGoesOnAsTheWholeSequenceDoes(@TempDir Path folder)
      throws IOException {
    for (String file : List.of("model.safetensors", "tokenizer.json")) {
      Files.copy(FIXTURES.resolve("mistral").resolve(file), folder.resolve(file));
    }
    String scaling =
        """
        "rope_scaling": {"rope_type": "longrope", "original_max_position_embeddings": 20,
            "short_factor": [1, 1, 2, 2], "long_factor": [1, 4, 8, 16]}\
        """;
    String config = Files.readString(FIXTURES.resolve("mistral/config.json"));
    Files.writeString(
        folder.resolve("config.json"), config.replace("\"rope_scaling\": null", scaling));
    GenerationOptions options = GenerationOptions.builder().maxNewTokens(8).build();
    try (Model model = Models.open(folder);
        Trace trace = Trace.of(model, backend);
        Generator generator = Generator.builder(model).backend("reference").build()) {
      // Across the length, and behind it from the beginning.
      for (int length : new int[] {17, 24}) {
        int[] tokens = ids(length);
        for (int id : generator.generate(tokens, options).first().ids()) {
          assertEquals(mostLikely(trace.run(tokens, null).get("logits").toFloats()), id);
          tokens = Arrays.copyOf(tokens, tokens.length + 1);
          tokens[tokens.length - 1] = id;
        }
      }
      // A longer prompt, in several steps, is rotated as the whole of it is.
      int[] ids = ids(24);
      try (Decoding decoding = decoding(model, backend, 64, 2);
          KvCache.Sequence sequence = decoding.cache().begin("test")) {
        float[] logits = new float[decoding.vocabularySize()];
        decoding.prefill(sequence, ids, logits);
        float[] whole = trace.run(ids, null).get("logits").toFloats();
        assertArrayEquals(last(whole, decoding.vocabularySize()), logits, 1e-5f);
      }
    }
  }

  @Test
  void aWindowHoldsWhatItNeedsAndNoMore() {
    try (Model model = Models.open(FIXTURES.resolve("mistral"));
        Decoding decoding = decoding(model, backend, 1000, 1);
        KvCache.Sequence sequence = decoding.cache().begin("long")) {
      int free = decoding.cache().freeTokens();
      steps(decoding, sequence, ids(200), 16);
      // A window of 7 lies in three pages of 4 at most.
      assertTrue(free - decoding.cache().freeTokens() <= 3 * PAGE);
      assertThrows(IllegalArgumentException.class, () -> sequence.truncate(100));
    }
  }

  @Test
  void aFullCacheSaysWhoHoldsHowMuchAndGoesOnWhenThereIsRoom() {
    try (Model model = Models.open(FIXTURES.resolve("gpt2"));
        Decoding decoding = decoding(model, backend, 24, 2)) {
      KvCache.Sequence large = decoding.cache().begin("large");
      steps(decoding, large, ids(16), 16);
      try (KvCache.Sequence small = decoding.cache().begin("small")) {
        steps(decoding, small, ids(5), 5);
        KvCacheFullException full =
            assertThrows(KvCacheFullException.class, () -> decoding.add(small, ids(5), 0, 5, 1));
        assertTrue(full.getMessage().contains("large: 16, small: 5"), full.getMessage());
        large.close();
        steps(decoding, small, ids(5), 5);
        assertEquals(10, small.length());
      }
    }
  }

  @Test
  void whatTheModelDoesNotTakeIsRefused() {
    try (Model model = Models.open(FIXTURES.resolve("gpt2"));
        Decoding decoding = decoding(model, backend, 128, 2);
        KvCache.Sequence sequence = decoding.cache().begin("test")) {
      InvalidInputException id =
          assertThrows(
              InvalidInputException.class,
              () -> decoding.add(sequence, new int[] {3, 400}, 0, 2, 1));
      assertTrue(id.getMessage().contains("id 400 at position 1"), id.getMessage());
      steps(decoding, sequence, ids(60), 16);
      InvalidInputException length =
          assertThrows(InvalidInputException.class, () -> decoding.add(sequence, ids(5), 0, 5, 1));
      assertTrue(length.getMessage().contains("the model takes 64"), length.getMessage());
    }
  }
}
