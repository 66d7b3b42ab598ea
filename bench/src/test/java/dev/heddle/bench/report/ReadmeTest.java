package dev.heddle.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.result.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ReadmeTest {
  @Test
  void theReadmeSaysWhatTheResultsSay() throws IOException {
    Path root = Path.of(System.getProperty("heddle.root"));
    Path readme = root.resolve("README.md");
    String text = Files.readString(readme);
    Matcher link = Pattern.compile("\\]\\((bench/results/[^)]+[.]json)\\)").matcher(text);
    assertTrue(link.find(), "README.md names no results");
    Path file = root.resolve(link.group(1));
    Results results = Results.read(file);
    assertEquals(
        ReadmeSection.replaced(readme, file, results),
        text,
        "written anew by heddle bench report %s --readme README.md".formatted(link.group(1)));
  }
}
