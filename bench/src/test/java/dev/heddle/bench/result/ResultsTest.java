package dev.heddle.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Work work = new Work("matmul", "[4, 4] by [4, 4]", Map.of("m", 4, "causal", true), 128, 192);
    Results written =
        SampleResults.of(
            Line.of(
                work,
                new Contender("heddle", "0.1.0", "cpu", "f32", "invariant", 2),
                Times.of(new double[] {3e-6, 1e-6, 2e-6}, 0),
                new Rate(6.4e7, Unit.FLOPS, "fma", 0.001),
                "8x2"),
            Line.without(
                work, new Contender("nd4j", null, null, "f32", null, 2), "it is not there"));
    Path file = Files.writeString(folder.resolve("a.json"), written.json());
    assertEquals(written, Results.read(file));
    assertTrue(written.json().contains("\"per_second\" : 6.4E7"), written.json());
  }

  @Test
  void aFileThatHoldsNoResultsIsRefused() throws IOException {
    for (String text : new String[] {"", "null", "[]", "{}", "{\"machine\": 3}", "\u0000"}) {
      Path file = Files.writeString(folder.resolve("b.json"), text);
      BadInputException e = assertThrows(BadInputException.class, () -> Results.read(file), text);
      assertTrue(e.getMessage().startsWith(file + ": holds no results of heddle bench"));
    }
    assertThrows(BadInputException.class, () -> Results.read(folder.resolve("c.json")));
    assertThrows(BadInputException.class, () -> Results.read(folder));
  }

  @Test
  void spreadTellsOfWhatComesAndGoesAndOfWhatDrifts() {
    assertEquals(
        new Times(1, 3, 4.0 / 3, 5, -1),
        Times.of(new double[] {5, 1, 2, 4, 3}, Times.UNKNOWN),
        "each is a part of its own");
    assertEquals(new Times(7, 7, 0, 1, 64), Times.of(new double[] {7}, 64));
    double[] flickers = new double[800];
    double[] drifts = new double[800];
    for (int i = 0; i < 800; i++) {
      flickers[i] = i % 4 == 0 ? 1 : 2;
      drifts[i] = 1 + i / 800.0;
    }
    assertEquals(0.25 / 2, Times.of(flickers, 0).spread(), 1e-9);
    assertEquals(0.875 / 1.5, Times.of(drifts, 0).spread(), 0.01);
  }

  @Test
  void ratesAreWrittenWithThreeDigits() {
    assertEquals("117 GFLOP/s", Unit.FLOPS.format(117.4e9));
    assertEquals("1.50 TB/s", Unit.BYTES.format(1.5e12));
    assertEquals("12.3 B/s", Unit.BYTES.format(12.34));
    assertEquals("12345 tokens/s", Unit.TOKENS.format(12345));
  }

  @Test
  void aMachineIsFiledByItsProcessorAndCores() {
    assertEquals("amd-epyc-9b14-2c", SampleResults.of().machine().key());
  }
}
