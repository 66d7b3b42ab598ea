package dev.heddle.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.fixture.CaseResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Counts cases as they end, and writes each as a line of JSON where a report is asked for. */
final class CaseReport implements AutoCloseable {
  private final ObjectMapper json = new ObjectMapper();
  private final Writer file;
  private int passed;
  private int failed;
  private int skipped;

  /** A report to {@code path}, or to nowhere if that is null. */
  CaseReport(Path path) {
    if (path == null) {
      file = Writer.nullWriter();
      return;
    }
    OutputFile.check("--report", path);
    try {
      file = Files.newBufferedWriter(path);
    } catch (IOException e) {
      throw new BadInputException("--report " + path + ": cannot be written: " + e, e);
    }
  }

  /** Takes a case. */
  void add(CaseResult result) {
    switch (result.status()) {
      case PASSED -> passed++;
      case FAILED -> failed++;
      case UNSUPPORTED -> skipped++;
    }
    Map<String, String> line = new LinkedHashMap<>();
    line.put("name", result.name());
    line.put("op", result.op());
    line.put("status", word(result));
    line.put("reason", result.reason());
    try {
      file.write(json.writeValueAsString(line) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException("the report cannot be written", e);
    }
  }

  /** Takes a case and prints its line: the status, the name, and why if it did not pass. */
  void add(CaseResult result, PrintWriter out) {
    add(result);
    String reason = result.reason().isEmpty() ? "" : ": " + oneLine(result.reason());
    out.printf("%-11s %s%s%n", word(result), result.name(), reason);
  }

  /** {@code passed}, {@code failed} or {@code unsupported}. */
  static String word(CaseResult result) {
    return result.status().name().toLowerCase(Locale.ROOT);
  }

  /** True if there was no case at all. */
  boolean isEmpty() {
    return passed + failed + skipped == 0;
  }

  /** Prints {@code N passed, N failed, N skipped}; gives the exit code. */
  int conclude(PrintWriter out) {
    out.printf("%d passed, %d failed, %d skipped%n", passed, failed, skipped);
    return failed == 0 ? ExitCode.OK : ExitCode.FAILED;
  }

  /** {@code text} in one line. */
  static String oneLine(String text) {
    return Table.printable(text.strip().replaceAll("\\s*\\R\\s*", " | "));
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
