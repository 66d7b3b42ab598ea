package dev.heddle.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningFileTest {
  private static final Map<MatMulTuning.Key, MatMulTiles> TILES =
      Map.of(
          new MatMulTuning.Key(DType.F32, DType.BF16, 384, 1536, false),
          new MatMulTiles.Panels(8, 3, 8, 64),
          new MatMulTuning.Key(DType.F16, DType.F16, 7, 1, true),
          new MatMulTiles.Local(4, 128, 8, 1, 2));

  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("tuning", "device.json");
  }

  @Test
  void whatIsSavedIsLoaded() throws IOException {
    TuningFile.save(file(), "a device", TILES);
    assertEquals(TILES, TuningFile.load(file(), "a device"));
    TuningFile.save(file(), "a device", Map.of());
    assertEquals(Map.of(), TuningFile.load(file(), "a device"));
    try (var files = Files.list(file().getParent())) {
      assertEquals(List.of(file()), files.toList());
    }
  }

  @Test
  void aFileThatCannotBeReadDoesAsIfItWereNotThere() throws IOException {
    assertEquals(Map.of(), TuningFile.load(file(), "a device"));
    TuningFile.save(file(), "a device", TILES);
    assertEquals(Map.of(), TuningFile.load(file(), "another device"));
    String whole = Files.readString(file());
    List<String> broken =
        List.of(
            "",
            "[]",
            "{\"matmul\": 7}",
            whole.replace("\"k\"", "\"K\""),
            whole.replace("bf16", "f17"),
            whole.replace("\"depth\" : 8", "\"depth\" : 7"),
            whole.replace("\"lanes\" : 8", "\"lanes\" : 800000000000"),
            whole.replace("registers", "the sky"),
            whole.substring(0, whole.length() / 2));
    for (String text : broken) {
      Files.writeString(file(), text);
      assertEquals(Map.of(), TuningFile.load(file(), "a device"), text);
    }
  }

  @Test
  void defaultsAreShippedForEveryKindOfDevice() {
    for (boolean cpu : new boolean[] {true, false}) {
      List<TuningFile.Entry> entries = TuningFile.shipped(cpu ? "cpu" : "gpu");
      assertTrue(entries.stream().allMatch(entry -> entry.key() == null));
      assertEquals(
          cpu ? 1 : 0,
          entries.stream().filter(e -> e.tiles() instanceof MatMulTiles.Panels).count());
      for (boolean few : new boolean[] {true, false}) {
        assertTrue(
            entries.stream()
                .anyMatch(e -> e.few() == few && e.tiles() instanceof MatMulTiles.Local));
      }
    }
  }
}
