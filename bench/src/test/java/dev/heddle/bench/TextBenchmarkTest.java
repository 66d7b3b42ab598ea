package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.bench.report.TextReport;
import dev.heddle.bench.result.Line;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextBenchmarkTest {
  private static final String MODEL = "shakespeare-llama";

  @Test
  void systemsTakeTurnsAndOneThatCannotRunSaysWhy() {
    BenchedModel model = BenchedModel.open(MODEL);
    assertTrue(model.continuesTexts());
    Settings one = new Settings(1, "cpu", null, "f32");
    TextBenchmark.Found found =
        new TextBenchmark(model, message -> {})
            .run(
                List.of(Entrant.heddle(one), new Entrant("none", one)),
                new TextSettings(one, Activations.FLOAT32, 1, 12),
                8,
                1,
                1,
                false);
    assertEquals(
        List.of("prefill", "prefill", "decode", "decode"),
        found.lines().stream().map(line -> line.work().group()).toList());
    Line prefill = found.lines().getFirst();
    assertTrue(prefill.kernel().contains("1 threads, float32 activations"), prefill.kernel());
    assertTrue(prefill.rate().perSecond() > 0);
    Line decode = found.lines().get(2);
    assertEquals(1 / decode.times().median(), decode.rate().perSecond(), 1e-6);
    double share = decode.rate().perSecond() * model.weightBytes() / found.stream().perSecond();
    assertEquals(share, decode.rate().ofCeiling(), 1e-9);
    assertEquals("no system is called none", found.lines().getLast().reason());
    StringWriter table = new StringWriter();
    Recorder recorder = new Recorder();
    recorder.add(found);
    TextReport.print(recorder.results(), new PrintWriter(table, true));
    assertTrue(
        table.toString().contains("not measured: none: no system is called none (prefill; decode)"),
        table.toString());
  }

  @Test
  void aTextsFirstTokenEndsItsPromptAndWhatFollowsAllOfThemCounts() {
    Arrivals arrivals = new Arrivals(2);
    for (int text : new int[] {0, 0, 1, 0, 1}) {
      arrivals.token(text, "");
    }
    TextTiming timing = arrivals.timing(30);
    assertEquals(2, timing.newTokens());
    assertTrue(timing.promptNanos() > 0 && timing.newNanos() > 0);
    assertEquals(30e9 / timing.promptNanos(), timing.promptTokensPerSecond());
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
