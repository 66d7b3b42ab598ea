package dev.heddle.bench.report;

import dev.heddle.bench.result.Results;
import dev.heddle.cli.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The part of a README that is written from results, between two lines of its own. */
public final class ReadmeSection {
  /** The line before it. */
  public static final String BEGIN = "<!-- bench: begin -->";

  /** The line behind it. */
  public static final String END = "<!-- bench: end -->";

  private ReadmeSection() {}

  /**
   * Writes it.
   *
   * @param file the results', which the section links to from the readme's folder
   * @throws BadInputException if the readme cannot be read or has no such lines
   */
  public static void write(Path readme, Path file, Results results) throws IOException {
    Files.writeString(readme, replaced(readme, file, results));
  }

  /** The readme's text with the section that the results make. */
  public static String replaced(Path readme, Path file, Results results) {
    String text;
    try {
      text = Files.readString(readme);
    } catch (IOException e) {
      throw new BadInputException("--readme %s: cannot be read: %s".formatted(readme, e), e);
    }
    int begin = text.indexOf(BEGIN + "\n");
    int end = text.indexOf(END, Math.max(0, begin));
    if (begin < 0 || end < 0) {
      throw new BadInputException(
          "--readme %s: has no line %s with a line %s behind it".formatted(readme, BEGIN, END));
    }
    Path folder = readme.toAbsolutePath().normalize().getParent();
    String link =
        folder.relativize(file.toAbsolutePath().normalize()).toString().replace('\\', '/');
    return text.substring(0, begin + BEGIN.length() + 1)
        + MarkdownReport.section(results, link)
        + text.substring(end);
  }
}
