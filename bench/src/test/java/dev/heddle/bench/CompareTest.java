package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** All of a comparison, in little: what it computes must be right; its times mean nothing. */
class CompareTest {
  @Test
  void whatIsComparedIsRightAndAWrongSystemFailsAndHasNoTime(@TempDir Path folder)
      throws IOException {
    StringWriter err = new StringWriter();
    Path page = folder.resolve("report.html");
    Path kept = folder.resolve("results");
    int code =
        new CommandLine(new BenchVerb())
            .setErr(new PrintWriter(err))
            .setOut(new PrintWriter(new StringWriter()))
            .execute(
                "compare",
                "--backend=cpu,cuda:9",
                "--threads=1",
                "--peers=" + WrongSystem.NAME,
                "--model=sentiment-bert,shakespeare-llama",
                "--filter=matmul 96x,layernorm 32768,128x32 causal,bert 8 ×,llama 1 ×",
                "--seconds=0.01",
                "--out=" + page,
                "--record=" + kept);
    assertEquals(ExitCode.FAILED, code, err.toString());
    assertTrue(Files.readString(page).contains("data:image/png;base64,"));
    Results results;
    Path file;
    try (Stream<Path> files = Files.walk(kept)) {
      file = files.filter(Files::isRegularFile).findFirst().orElseThrow();
      results = Results.read(file);
    }
    assertEquals(
        kept.resolve(results.machine().key()).resolve(results.made().replace(':', '-') + ".json"),
        file);
    Set<String> groups = new TreeSet<>();
    for (Line line : results.lines()) {
      groups.add(line.work().group());
      switch (line.by().label()) {
        case WrongSystem.NAME -> assertTrue(line.wrong() && line.times() == null);
        case "cpu" -> assertNotNull(line.times(), line.work().shape() + ": " + line.reason());
        default -> assertTrue(line.reason().contains("cuda"), line.reason());
      }
    }
    assertEquals(
        Set.of("matmul", "layernorm", "attention", "embedding", "prefill", "decode"), groups);
  }
}
