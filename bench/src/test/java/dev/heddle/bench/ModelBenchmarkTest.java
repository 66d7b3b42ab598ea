package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelBenchmarkTest {
  private static final String MODEL = "sentiment-bert";

  private static List<Line> run(Entrant... entrants) {
    BenchedModel model = BenchedModel.open(MODEL);
    try (ModelBenchmark benchmark =
        new ModelBenchmark(List.of(entrants), model.files(), model.name(), message -> {})) {
      return benchmark.run(model.source().fixed(3, 8), false, 0.2);
    }
  }

  @Test
  void aSystemIsTimedInItsOwnProcessAndOneThatIsNotThereSaysSo() {
    Settings settings = new Settings(1, "cpu", null, "f32");
    List<Line> lines = run(Entrant.heddle(settings), new Entrant("none", settings));
    Line line = lines.getFirst();
    assertEquals(new Contender("heddle", Systems.version(), "cpu", "f32", null, 1), line.by());
    assertEquals("sentiment-bert 3 × 8 tokens", line.work().shape());
    assertTrue(line.times().min() > 0 && line.times().min() <= line.times().median());
    assertTrue(line.times().samples() >= 3 && line.times().allocated() >= 0);
    assertEquals(3 / line.times().median(), line.rate().perSecond());
    assertEquals("no system is called none", lines.getLast().reason());
  }

  @Test
  void whatASystemComputesIsComparedAndAWrongResultHasNoTime() {
    float[][] right = {{0.6f, 0.8f}, {1, 0}};
    float[][] wrong = {{0.6f, 0.8f}, {0, 1}};
    assertNull(ModelBenchmark.difference(right, right));
    assertEquals(
        "the vectors of text 1 have cosine 0.000000, not 0.99 or more",
        ModelBenchmark.difference(right, wrong));
    Settings settings = new Settings(1, "cpu", null, "f32");
    List<Line> lines = run(Entrant.heddle(settings), new Entrant(WrongSystem.NAME, settings));
    assertTrue(lines.getLast().wrong());
    assertNull(lines.getLast().times());
    assertTrue(lines.getLast().reason().startsWith("wrong result beside heddle on cpu: the vec"));
    assertNotNull(lines.getFirst().times());
  }

  @Test
  void mixedTextsHaveEveryLengthBetweenTheirBounds() {
    try (Model model = Models.open(MODEL)) {
      Workload workload = new Workload.Source(model.tokenizer()).mixed(253, 4, 256);
      int[] lengths = Arrays.stream(workload.ids()).mapToInt(ids -> ids.length).toArray();
      int[] sorted = lengths.clone();
      Arrays.sort(sorted);
      int[] expected = new int[253];
      Arrays.setAll(expected, i -> 4 + i);
      assertArrayEquals(expected, sorted);
      assertTrue(!Arrays.equals(lengths, sorted), "in random order");
    }
  }
}
