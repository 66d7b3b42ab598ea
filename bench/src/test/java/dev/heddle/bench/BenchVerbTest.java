package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.result.SampleResults;
import dev.heddle.cli.BadInputException;
import dev.heddle.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchVerbTest {
  private static void refuses(String message, String... options) {
    refusesOf("sentiment-bert", message, options);
  }

  private static void refusesOf(String model, String message, String... options) {
    List<String> args = new ArrayList<>(List.of("--model", model));
    args.addAll(List.of(options));
    StringWriter err = new StringWriter();
    CommandLine command = new CommandLine(new BenchVerb()).setErr(new PrintWriter(err));
    assertEquals(ExitCode.BAD_INPUT, command.execute(args.toArray(String[]::new)));
    assertTrue(err.toString().contains(message), err.toString());
  }

  @Test
  void whatCannotBeMeasuredIsRefusedBeforeAnyProcessStarts() {
    refuses("-b 0: expected 1 or more", "-b", "0");
    refuses("-s -3: expected 1 or more", "-s", "8,-3");
    refuses("--seconds 0.0: expected more than 0", "--seconds", "0");
    refuses("texts of 100000 tokens: sentiment-bert takes up to ", "-s", "100000");
    refuses("no peer is called \"none\"", "-s", "8", "--peers=none");
    refuses("-p and -n: sentiment-bert does not continue texts", "-p", "8");
    refusesOf("shakespeare-llama", "-p 0: expected 1 or more", "-p", "0");
    refusesOf("shakespeare-llama", "--rounds 0: expected 1 or more", "--rounds", "0");
    refusesOf("shakespeare-llama", "9000 tokens and 128 more: shakespeare-llama", "-p", "9000");
  }

  private static void refusesAsItIs(String message, String... args) {
    StringWriter err = new StringWriter();
    CommandLine command = new CommandLine(new BenchVerb()).setErr(new PrintWriter(err));
    command.setExecutionExceptionHandler((failure, _, _) -> {
      err.write(failure.getMessage());
      return failure instanceof BadInputException ? ExitCode.BAD_INPUT : ExitCode.FAILED;
    });
    assertEquals(ExitCode.BAD_INPUT, command.execute(args), err.toString());
    assertTrue(err.toString().contains(message), err.toString());
  }

  @Test
  void whatCannotBeComparedIsRefusedInALine(@TempDir Path folder) throws IOException {
    refusesAsItIs("no backend is called so; there are [", "compare", "--backend", "cpu,gpu");
    refusesAsItIs("--threads 0: expected 1 or more", "compare", "--threads", "0");
    refusesAsItIs("--minutes 0.0: expected more than 0", "compare", "--minutes", "0");
    refusesAsItIs("--dtype: \"f99\" is no type", "compare", "--dtype", "f99");
    refusesAsItIs("no backend is called so; there are [", "ops", "--backend", "gpu");
    refusesAsItIs("--filter nothing: no operation is called so", "ops", "--filter", "nothing");
    refusesAsItIs("no peer is called \"none\"", "compare", "--peers=none");
    refusesAsItIs(
        "--filter nothing: no operation and no model is called so",
        "compare",
        "--model=sentiment-bert",
        "--filter=nothing");
    String missing = folder.resolve("none/report.html").toString();
    refusesAsItIs("--out " + missing + ": there is no folder", "compare", "--out", missing);
    refusesAsItIs("is a folder; name a file", "compare", "--markdown", folder.toString());
    String file = Files.writeString(folder.resolve("a.json"), "[1]").toString();
    refusesAsItIs("cannot be made", "compare", "--charts", file);
    refusesAsItIs("cannot be made", "compare", "--record", file);
    refusesAsItIs(file + ": holds no results of heddle bench", "diff", file, file);
    refusesAsItIs("there is no such file", "report", missing);
    String results =
        Files.writeString(folder.resolve("b.json"), SampleResults.of().json()).toString();
    refusesAsItIs("has no line <!-- bench: begin -->", "report", results, "--readme", file);
  }
}
