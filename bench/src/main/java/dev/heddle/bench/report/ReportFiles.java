package dev.heddle.bench.report;

import dev.heddle.bench.result.Results;
import dev.heddle.cli.BadInputException;
import dev.heddle.cli.OutputFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options that say which files results are written to. */
public final class ReportFiles {
  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write a page with charts, whole in itself.")
  private Path page;

  @Option(names = "--markdown", paramLabel = "FILE", description = "Write the tables as Markdown.")
  private Path markdown;

  @Option(
      names = "--charts",
      paramLabel = "DIR",
      description = "Write each chart as a PNG; the folder is made if it is not there.")
  private Path charts;

  /** For picocli. */
  public ReportFiles() {}

  /**
   * Looks whether all can be written, before anything is measured.
   *
   * @throws BadInputException where one cannot
   */
  public void check() {
    if (page != null) {
      OutputFile.check("--out", page);
    }
    if (markdown != null) {
      OutputFile.check("--markdown", markdown);
    }
    if (charts != null) {
      folder("--charts", charts);
    }
  }

  /** Makes a folder if it is not there; refuses one that cannot be. */
  public static void folder(String option, Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new BadInputException("%s %s: cannot be made: %s".formatted(option, folder, e), e);
    }
  }

  /** Writes those that were asked for. */
  public void write(Results results) throws IOException {
    // No screen is needed, and none may be there.
    System.setProperty("java.awt.headless", "true");
    if (page != null) {
      Files.writeString(page, HtmlReport.of(results));
    }
    if (markdown != null) {
      Files.writeString(markdown, MarkdownReport.of(results));
    }
    if (charts != null) {
      for (Map.Entry<String, Charts.Drawing> chart : Charts.of(results).entrySet()) {
        Files.write(
            charts.resolve(chart.getKey() + ".png"),
            chart.getValue().png(ChartStyle.of(false, results)));
      }
    }
  }
}
