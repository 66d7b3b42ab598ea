package dev.heddle.bench;

import dev.heddle.bench.report.ReadmeSection;
import dev.heddle.bench.report.ReportFiles;
import dev.heddle.bench.report.TextReport;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle bench report}: results that are kept, shown again. */
@Command(
    name = "report",
    description = "Show results that are kept: as a table, a page, Markdown, charts.",
    mixinStandardHelpOptions = true,
    footerHeading = "%n",
    footer = {
      "Examples:",
      "  heddle bench report results.json --out report.html",
      "  heddle bench report bench/results/KEY/DATE.json --readme README.md"
    })
final class ReportCommand implements Verb {
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RESULTS", description = "A file of --json or --record.")
  private Path file;

  @Mixin private ReportFiles files = new ReportFiles();

  @Option(
      names = "--readme",
      paramLabel = "FILE",
      description = {
        "Write the tables between the lines " + ReadmeSection.BEGIN,
        "and " + ReadmeSection.END + " of this file."
      })
  private Path readme;

  @Override
  public Integer call() throws IOException {
    files.check();
    Results results = Results.read(file);
    files.write(results);
    if (readme != null) {
      ReadmeSection.write(readme, file, results);
    }
    TextReport.print(results, spec.commandLine().getOut());
    spec.commandLine().getOut().flush();
    return ExitCode.OK;
  }
}
