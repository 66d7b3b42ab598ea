package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.HeddleException;
import dev.heddle.graph.GraphException;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.DType;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Keys and values in blocks of 8 bits, of a model with heads of 32 elements. */
class QuantizedCacheTest {
  private static final String MODEL = "shakespeare-llama";
  private static final int PAGE = 16;

  private final int[] ids;

  QuantizedCacheTest() {
    try (Model model = Models.open(MODEL)) {
      String text = "ROMEO:\nBut soft, what light through yonder window breaks?\n";
      this.ids = model.tokenizer().encode(text).ids();
    }
  }

  private static Decoding decoding(Model model, Backend backend, DType type) {
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    DecoderGraph.Storage storage = new DecoderGraph.Storage(type, PAGE);
    KvCache.Size size = new KvCache.Size(256, 3, 64, storage);
    return new Decoding(
        model.name(), (Decoder) checkpoint.architecture(), checkpoint.weights(), backend, size);
  }

  private static float[] logits(Decoding decoding, KvCache.Sequence to, int[] ids, int chunk) {
    int vocabulary = decoding.vocabularySize();
    float[] all = new float[ids.length * vocabulary];
    for (int at = 0; at < ids.length; at += chunk) {
      int count = Math.min(chunk, ids.length - at);
      decoding.add(to, ids, at, count, count);
      float[] rows = new float[count * vocabulary];
      decoding.run(rows);
      System.arraycopy(rows, 0, all, at * vocabulary, rows.length);
    }
    return all;
  }

  private static float[] alone(Model model, Backend backend, DType type, int[] ids, int chunk) {
    try (Decoding decoding = decoding(model, backend, type);
        KvCache.Sequence sequence = decoding.cache().begin("alone")) {
      return logits(decoding, sequence, ids, chunk);
    }
  }

  private static Backend open(String name) {
    return new Backends().open(name, BackendOptions.DEFAULT).value();
  }

  /** Observed: 1.3e-5 of the logits' variance, on every backend; of a cache of f16 1.3e-8. */
  @Test
  void logitsAreNearThoseOfAFloatCache() {
    try (Model model = Models.open(MODEL);
        Backend backend = open("cpu")) {
      float[] exact = alone(model, backend, DType.F32, ids, 16);
      float[] rounded = alone(model, backend, DType.Q8_0, ids, 16);
      double error = 0;
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < exact.length; i++) {
        error += Math.pow(rounded[i] - exact[i], 2);
        sum += exact[i];
        squares += (double) exact[i] * exact[i];
      }
      double nmse = error / (squares - sum * sum / exact.length);
      assertTrue(nmse > 0 && nmse < 3e-5, () -> "NMSE " + nmse);
    }
  }

  @Test
  void neitherChunksNorASharedBeginningChangeABit() {
    try (Model model = Models.open(MODEL);
        Backend backend = open("cpu");
        Decoding decoding = decoding(model, backend, DType.Q8_0)) {
      float[] whole = alone(model, backend, DType.Q8_0, ids, 64);
      assertArrayEquals(whole, alone(model, backend, DType.Q8_0, ids, 1));
      assertArrayEquals(whole, alone(model, backend, DType.Q8_0, ids, 7));

      // A page is copied where a fork writes: its tokens are read, and quantised again.
      int begun = ids.length / 2 / PAGE * PAGE + 5;
      int[] rest = Arrays.copyOfRange(ids, begun, ids.length);
      try (KvCache.Sequence one = decoding.cache().begin("one")) {
        logits(decoding, one, Arrays.copyOf(ids, begun), 9);
        try (KvCache.Sequence two = one.fork("two")) {
          float[] wanted =
              Arrays.copyOfRange(whole, begun * decoding.vocabularySize(), whole.length);
          assertArrayEquals(wanted, logits(decoding, two, rest, 4));
          assertArrayEquals(wanted, logits(decoding, one, rest, 5));
        }
      }
    }
  }

  @Test
  void theReferenceBackendKeepsTheSameBlocks() {
    try (Model model = Models.open(MODEL);
        Backend cpu = open("cpu");
        Backend reference = open("reference")) {
      int[] few = Arrays.copyOf(ids, 12);
      float[] wanted = alone(model, reference, DType.Q8_0, few, 5);
      assertArrayEquals(wanted, alone(model, cpu, DType.Q8_0, few, 5), 0.02f);
    }
  }

  @Test
  void headsThatAreNoWholeBlocksAreRefused() {
    try (Model model = Models.open(Path.of("src/test/data/hf/gpt2"));
        Backend backend = open("cpu")) {
      RuntimeException refused =
          assertThrows(RuntimeException.class, () -> decoding(model, backend, DType.Q8_0));
      assertTrue(
          refused instanceof HeddleException || refused instanceof GraphException,
          refused::toString);
      assertTrue(refused.getMessage().contains("multiple of 32"), refused::getMessage);
      assertTrue(refused.getMessage().contains("f16"), refused::getMessage);
      assertEquals(0, backend.liveBytes());
    }
  }
}
