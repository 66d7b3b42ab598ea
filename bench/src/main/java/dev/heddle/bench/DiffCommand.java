package dev.heddle.bench;

import dev.heddle.bench.Difference.Verdict;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Table;
import dev.heddle.cli.Verb;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle bench diff}: what is faster or slower than it was? */
@Command(
    name = "diff",
    description = "Say what changed between two results by more than noise.",
    mixinStandardHelpOptions = true,
    footerHeading = "%n",
    footer = {
      "A and B are files that --json printed or --record kept. What differs by more than",
      "the spreads of both together has changed. The exit code is 1 if anything is slower,",
      "or has no time any more; 2 if a file holds no results.",
      "",
      "Example:",
      "  heddle bench diff before.json after.json"
    })
final class DiffCommand implements Verb {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "A", description = "Results before.")
  private Path before;

  @Parameters(index = "1", paramLabel = "B", description = "Results after.")
  private Path after;

  @Option(names = "--all", description = "Also list what has not changed.")
  private boolean all;

  @Override
  public Integer call() {
    Results a = Results.read(before);
    Results b = Results.read(after);
    PrintWriter out = spec.commandLine().getOut();
    if (!a.machine().key().equals(b.machine().key())) {
      out.printf(
          "warning: these are two machines, %s and %s%n", a.machine().key(), b.machine().key());
    }
    List<Difference> differences = Difference.of(a, b);
    List<Difference> shown =
        differences.stream()
            .filter(difference -> all || difference.verdict() != Verdict.SAME)
            .toList();
    if (!shown.isEmpty()) {
      print(shown, out);
    }
    for (Verdict verdict : Verdict.values()) {
      long count = differences.stream().filter(each -> each.verdict() == verdict).count();
      out.printf("%s%d %s", verdict.ordinal() == 0 ? "" : ", ", count, name(verdict));
    }
    out.println();
    out.flush();
    boolean slower = differences.stream().anyMatch(each -> each.verdict() == Verdict.SLOWER);
    return slower ? ExitCode.FAILED : ExitCode.OK;
  }

  private static String name(Verdict verdict) {
    return verdict.name().toLowerCase(Locale.ROOT);
  }

  private static void print(List<Difference> differences, PrintWriter out) {
    Table table =
        new Table()
            .left("")
            .left("")
            .left("system")
            .left("type")
            .right("threads")
            .right("before")
            .right("after")
            .right("speed")
            .right("noise")
            .left("");
    for (Difference each : differences) {
      Line line = each.after() == null ? each.before() : each.after();
      boolean both =
          each.before() != null
              && each.after() != null
              && each.before().times() != null
              && each.after().times() != null;
      table.row(
          line.work().group(),
          line.work().shape(),
          line.by().label(),
          String.valueOf(line.by().type()),
          line.by().threads(),
          rate(each.before()),
          rate(each.after()),
          both ? "%.2f ×".formatted(each.ratio()) : "",
          both ? "%.1f %%".formatted(each.noise() * 100) : "",
          name(each.verdict()) + (line.wrong() ? ": wrong result" : ""));
    }
    table.print(out, "");
  }

  private static String rate(Line line) {
    return line == null || line.times() == null ? "–" : line.rate().toString();
  }
}
