package dev.heddle.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The example of docs/serving.md is these lines, and they do what a reader expects. */
class ServingExampleTest {
  @Test
  void theExampleWritesATextAndSaysWhyItEnded() throws IOException {
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    PrintStream before = System.out;
    System.setOut(new PrintStream(shown, true, StandardCharsets.UTF_8));
    try {
      example();
    } finally {
      System.setOut(before);
    }
    String text = shown.toString(StandardCharsets.UTF_8);
    assertTrue(text.length() > 20, text);
    assertTrue(text.contains("LENGTH") || text.contains("EOS"), text);
    assertDocumentHasTheseLines();
  }

  private static void example() {
    try (Engine engine = Engine.builder("shakespeare-llama").sequences(64).build()) {
      GenerationOptions options =
          engine.options().toBuilder().maxNewTokens(40).temperature(0.8).seed(7).build();
      GenerationRequest request =
          engine
              .request("ROMEO:\n", options)
              .withCaller("alice")
              .withPriority(1)
              .withDeadline(Duration.ofMinutes(5));
      try (GenerationStream tokens = engine.submit(request)) {
        tokens.tokens().forEach(token -> System.out.print(token.text()));
        System.out.println(tokens.result().first().stopped()); // or DEADLINE
      }
      System.out.println(engine.stats().timeBetweenTokens().p95());
    }
  }

  private static void assertDocumentHasTheseLines() throws IOException {
    String document = Files.readString(Path.of("../docs/serving.md"));
    String test =
        Files.readString(Path.of("src/test/java/dev/heddle/generate/ServingExampleTest.java"));
    int start = test.indexOf("    try (Engine engine");
    String lines = test.substring(start, test.indexOf("\n  }", start));
    assertFalse(lines.isBlank());
    assertEquals(1, document.split("```java").length - 1);
    assertTrue(document.contains(lines.stripIndent().strip()), lines);
  }
}
