package dev.heddle.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.ExitCode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
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
}
