package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ModelBenchmarkTest {
  private static final String MODEL = "sentiment-bert";

  @Test
  void aSystemIsTimedInItsOwnProcess() {
    try (Model model = Models.open(MODEL);
        ModelBenchmark benchmark =
            new ModelBenchmark(
                List.of(HeddleProvider.NAME),
                Path.of(MODEL),
                new Settings(1, "cpu", null),
                0.2,
                message -> {})) {
      Workload workload = new Workload.Source(model.tokenizer()).fixed(3, 8);
      Row row = benchmark.run(workload, false).getFirst();
      assertEquals("heddle", row.system());
      assertTrue(row.p10Ms() > 0 && row.p10Ms() <= row.medianMs() && row.medianMs() <= row.p90Ms());
      double expected = 3 / row.medianMs() * 1000;
      assertEquals(expected, row.sequencesPerSecond(), expected * 0.05);
    }
  }

  @Test
  void aSystemThatComputesSomethingElseIsNotTimed() {
    float[][] right = {{0.6f, 0.8f}, {1, 0}};
    float[][] wrong = {{0.6f, 0.8f}, {0, 1}};
    ModelBenchmark.compare("a", right, "b", right);
    WrongResultException e =
        assertThrows(
            WrongResultException.class, () -> ModelBenchmark.compare("a", right, "b", wrong));
    assertTrue(e.getMessage().startsWith("text 1: the vectors of a and b have cosine 0.0"));
  }

  @Test
  void warmUpLastsUntilTimesStayButNotForever() {
    double[] compiling = {90, 91, 30, 30, 12, 11.9, 12.5, 11.8, 12, 12};
    AtomicInteger steps = new AtomicInteger();
    ModelBenchmark.untilSteady(() -> compiling[steps.getAndIncrement()]);
    assertEquals(8, steps.get(), "the fifth step is the last that improves");
    steps.set(0);
    ModelBenchmark.untilSteady(() -> 1.0 / steps.incrementAndGet());
    assertEquals(10, steps.get());
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

  @Test
  void quantilesLieBetweenTheTimes() {
    Timings timings = new Timings();
    for (int i = 100; i >= 0; i--) {
      timings.add(i * 1_000_000L);
    }
    assertEquals(50, timings.quantileMillis(0.5));
    assertEquals(10, timings.quantileMillis(0.1));
    assertEquals(90, timings.quantileMillis(0.9));
  }

  @Test
  void rowsHaveTheFieldsThatAreDocumented() {
    Row row = new Row("mixed", 256, 256, 2, "heddle", 1.5, 1.25, 2, 170.667);
    JsonNode json = new ObjectMapper().valueToTree(row);
    assertEquals(
        "{\"workload\":\"mixed\",\"batch\":256,\"length\":256,\"threads\":2,\"system\":\"heddle\","
            + "\"median_ms\":1.5,\"p10_ms\":1.25,\"p90_ms\":2.0,\"sequences_per_second\":170.667}",
        json.toString());
  }
}
