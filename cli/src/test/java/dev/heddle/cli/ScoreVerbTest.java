package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.backend.Backend;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.model.Trace;
import dev.heddle.reference.ReferenceBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreVerbTest {
  private static final String TEXT = "Speak, speak.\nYou are all resolved rather to die?\n";

  @TempDir private Path folder;

  @Test
  void windowsAreScoredAsWholeSequencesWouldBe() throws IOException {
    Path file = Files.writeString(folder.resolve("text"), TEXT);
    try (Model model = Models.open("shakespeare-llama");
        Backend backend = new ReferenceBackend();
        Trace trace = Trace.of(model, backend)) {
      int[] ids = model.tokenizer().encode(TEXT, false).ids();
      double apart = 0;
      int scored = 0;
      for (int begin = 0; begin + 8 <= ids.length; begin += 8) {
        apart += nats(trace, ids, begin, begin + 1, begin + 8);
        scored += 7;
      }
      JsonNode found = score(file, "8", "8");
      assertEquals(ids.length, found.get("tokens").intValue());
      assertEquals(scored, found.get("scored_tokens").intValue());
      double mean = found.get("nats_per_token").doubleValue();
      assertEquals(apart / scored, mean, 1e-5);
      assertEquals(Math.exp(mean), found.get("perplexity").doubleValue(), 1e-9);
      assertEquals(
          mean / Math.log(2) * ids.length / TEXT.length(),
          found.get("bits_per_byte").doubleValue(),
          1e-9);

      double sliding = nats(trace, ids, 0, 1, 8);
      int seen = 8;
      for (int begin = 3; seen < ids.length; begin += 3) {
        int end = Math.min(begin + 8, ids.length);
        sliding += nats(trace, ids, begin, seen, end);
        seen = end;
      }
      JsonNode strided = score(file, "8", "3");
      assertEquals(ids.length - 1, strided.get("scored_tokens").intValue());
      assertEquals(sliding / (ids.length - 1), strided.get("nats_per_token").doubleValue(), 1e-5);
    }
  }

  /** Of the tokens from {@code from} to {@code end} of the window that begins at {@code begin}. */
  private static double nats(Trace trace, int[] ids, int begin, int from, int end) {
    int[] window = Arrays.copyOfRange(ids, begin, end);
    var logits = trace.run(window, null).get("logits");
    int vocabulary = (int) logits.shape().dim(1);
    double nats = 0;
    for (int i = from; i < end; i++) {
      long row = (long) (i - begin - 1) * vocabulary;
      double sum = 0;
      for (int id = 0; id < vocabulary; id++) {
        sum += Math.exp(logits.getDouble(row + id));
      }
      nats += Math.log(sum) - logits.getDouble(row + ids[i]);
    }
    return nats;
  }

  private static JsonNode score(Path file, String window, String stride) throws IOException {
    return new ObjectMapper()
        .readTree(
            Heddle.output(
                "score",
                "--model=shakespeare-llama",
                "--json",
                "--file=" + file,
                "--window=" + window,
                "--stride=" + stride));
  }

  @Test
  void whatCannotBeScoredIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("one"), "a");
    String model = "--model=shakespeare-llama";
    Heddle.refuses(new String[] {"score", model, "--file=" + file}, "the text has 1 tokens");
    Heddle.refuses(
        new String[] {"score", model, "--file=" + file, "--window=513"},
        "a window of 513 tokens",
        "512");
    Heddle.refuses(
        new String[] {"score", model, "--file=" + file, "--window=8", "--stride=9"},
        "a stride of 9 tokens");
    Heddle.refuses(
        new String[] {"score", model, "--file=" + folder.resolve("none")}, "no such file");
    Heddle.refuses(new String[] {"score", "--model=sentiment-bert", "--file=" + file}, "decoder");
  }
}
