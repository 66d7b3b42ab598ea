package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs that are tasks. */
class TaskVerbsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @Test
  void reviewsAreClassified() throws IOException {
    String good = "What a lovely dinner.";
    String bad = "A waste of money.";
    String table = Heddle.output("classify", "--model=sentiment-bert", good, bad);
    assertTrue(table.lines().findFirst().orElseThrow().matches("POSITIVE +0\\.\\d{4} +What.*"));
    JsonNode results =
        JSON.readTree(Heddle.output("classify", "--model=sentiment-bert", "--json", good, bad))
            .get("results");
    assertEquals(bad, results.get(1).get("text").textValue());
    JsonNode labels = results.get(1).get("labels");
    assertEquals("NEGATIVE", labels.get(0).get("label").textValue());
    double sum =
        labels.get(0).get("score").doubleValue() + labels.get(1).get("score").doubleValue();
    assertEquals(1, sum, 1e-9);
    Path lines = folder.resolve("lines.txt");
    Files.writeString(lines, good + "\n" + bad + "\n");
    assertEquals(table, Heddle.output("classify", "--model=sentiment-bert", "--input=" + lines));
  }

  @Test
  void entitiesSayWhereTheyStand() throws IOException {
    String text = "the quick brown fox jumps over the lazy dog";
    String model = TestData.model("electra-token-classification");
    JsonNode found =
        JSON.readTree(Heddle.output("entities", "--model=" + model, "--json", text))
            .get("results")
            .get(0)
            .get("entities");
    assertTrue(found.size() > 0, found.toString());
    for (JsonNode each : found) {
      int start = each.get("start").intValue();
      int end = each.get("end").intValue();
      assertEquals(text.substring(start, end), each.get("text").textValue());
    }
  }

  @Test
  void datesAreTranslatedAndBeamsHaveScores() throws IOException {
    assertEquals(
        "2017-03-03\n1989-07-14\n",
        Heddle.output("translate", "--model=dates-marian", "March 3rd, 2017", "le 14 juillet 1989")
            .replace("\r", ""));
    JsonNode written =
        JSON.readTree(
                Heddle.output(
                    "translate",
                    "--model=dates-marian",
                    "--json",
                    "--generation-config={\"num_beams\": 4, \"num_return_sequences\": 2}",
                    "3 mars 2017"))
            .get("results")
            .get(0)
            .get("written");
    assertEquals(2, written.size());
    assertEquals("2017-03-03", written.get(0).get("text").textValue());
    assertTrue(
        written.get(0).get("score").doubleValue() > written.get(1).get("score").doubleValue());
  }

  @Test
  void thePromptOfGenerateIsWhatAnEncoderReads() throws IOException {
    JsonNode result =
        JSON.readTree(
            Heddle.output("generate", "--model=dates-marian", "--json", "--prompt=31.12.1999"));
    assertEquals("1999-12-31", result.get("sequences").get(0).get("text").textValue());
    assertEquals(11, result.get("prompt_tokens").intValue());
  }

  @Test
  void aModelThatCannotIsRefused() {
    String sentiment = "--model=sentiment-bert";
    Heddle.refuses(
        new String[] {"entities", sentiment, "a text"}, "no head for token classification");
    Heddle.refuses(
        new String[] {"answer", sentiment, "--question=who", "--context=she"},
        "no head for question answering");
    Heddle.refuses(new String[] {"fill-mask", sentiment, "a [MASK]"}, "no head for masked words");
    Heddle.refuses(new String[] {"summarize", sentiment, "a text"}, "expected an encoder–decoder");
    Heddle.refuses(new String[] {"classify", "--model=dates-marian", "a text"}, "MarianMTModel");
    Heddle.refuses(
        new String[] {"translate", "--model=dates-marian", "--to=fr", "a"}, "no language \"fr\"");
    Heddle.refuses(new String[] {"classify", sentiment}, "no text");
    Heddle.refuses(
        new String[] {"answer", sentiment, "--question=who"}, "--context", "--context-file");
  }
}
