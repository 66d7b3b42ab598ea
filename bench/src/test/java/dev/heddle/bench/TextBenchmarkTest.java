package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextBenchmarkTest {
  private static final String MODEL = "shakespeare-llama";

  @Test
  void systemsTakeTurnsAndOneThatCannotRunSaysWhy() {
    List<TextRow> rows;
    try (Model model = Models.open(MODEL)) {
      TextBenchmark benchmark =
          new TextBenchmark(
              List.of("heddle", "none"),
              Path.of(MODEL),
              new Workload.Source(model.tokenizer()),
              model.network().bytes(),
              1,
              message -> {});
      TextSettings settings =
          new TextSettings(new Settings(1, "cpu", null), Activations.FLOAT32, 2, 12);
      rows = benchmark.run(settings, 8, false);
    }
    TextRow heddle = rows.getFirst();
    assertNull(heddle.failure());
    assertTrue(heddle.description().contains("1 threads, float32 activations"));
    assertTrue(heddle.promptTokensPerSecond() > 0 && heddle.newTokensPerSecond() > 0);
    assertTrue(heddle.streamBytesPerSecond() > 0);
    TextRow none = rows.getLast();
    assertEquals("no system is called none", none.failure());
    StringWriter table = new StringWriter();
    new TextTable(rows).print(new PrintWriter(table, true));
    assertTrue(table.toString().contains("none         no system is called none"));
  }

  @Test
  void aTextsFirstTokenEndsItsPromptAndWhatFollowsAllOfThemCounts() {
    Arrivals arrivals = new Arrivals(2);
    for (int text : new int[] {0, 0, 1, 0, 1}) {
      arrivals.token(text);
    }
    TextTiming timing = arrivals.timing(30);
    assertEquals(2, timing.newTokens());
    assertTrue(timing.promptNanos() > 0 && timing.newNanos() > 0);
    assertEquals(30e9 / timing.promptNanos(), timing.promptTokensPerSecond());
  }

  @Test
  void rowsTellMediansAndTheShareOfTheStream() {
    TextSettings settings =
        new TextSettings(new Settings(2, "cpu", null), Activations.INT8, 1, 640);
    List<TextTiming> timings =
        Arrays.asList(
            new TextTiming(512, 1_000_000_000, 127, 2_000_000_000),
            new TextTiming(512, 2_000_000_000, 127, 4_000_000_000L),
            new TextTiming(512, 4_000_000_000L, 127, 1_000_000_000));
    TextRow row =
        TextRow.of("generate", settings, 512, "heddle", "x", timings, 100_000_000, 25.4e9, null);
    JsonNode json = new ObjectMapper().valueToTree(row);
    assertEquals(
        "{\"workload\":\"generate\",\"batch\":1,\"prompt_tokens\":512,\"new_tokens\":128,"
            + "\"threads\":2,\"system\":\"heddle\",\"description\":\"x\","
            + "\"prompt_tokens_per_second\":256.0,\"new_tokens_per_second\":63.5,"
            + "\"weight_bytes\":100000000,\"stream_bytes_per_second\":2.54E10,"
            + "\"stream_share\":0.25,\"failure\":null}",
        json.toString());
  }

  @Test
  void promptsDifferFromEachOtherAndAreTheSameInEveryRun() {
    try (Model model = Models.open(MODEL)) {
      Workload.Source source = new Workload.Source(model.tokenizer());
      assertEquals(40, source.prompt(40, 1).length);
      assertArrayEquals(source.prompt(40, 1), source.prompt(40, 1));
      assertNotEquals(Arrays.toString(source.prompt(40, 1)), Arrays.toString(source.prompt(40, 2)));
    }
  }
}
