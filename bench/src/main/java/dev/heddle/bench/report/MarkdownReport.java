package dev.heddle.bench.report;

import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Results as Markdown: a file of its own, or a section of another. */
public final class MarkdownReport {
  private final StringBuilder text = new StringBuilder();

  private MarkdownReport() {}

  /** A whole file. */
  public static String of(Results results) {
    MarkdownReport report = new MarkdownReport();
    report.line("# Heddle on %s".formatted(results.machine().cpu()));
    report.line("");
    report.about(results);
    Comparison comparison = Comparison.of(results.lines());
    report.summary(comparison, "##");
    report.tables(comparison, "##", Cells::of);
    report.rest(results, comparison);
    return report.text.toString();
  }

  /** The tables, and one paragraph on where they are from. */
  public static String section(Results results, String file) {
    MarkdownReport report = new MarkdownReport();
    report.line(
        "On %s with %d cores, %s, %s, commit %s: [%s](%s). %s."
            .formatted(
                results.machine().cpu(),
                results.machine().cores(),
                results.machine().os(),
                results.java().vm(),
                results.revision(),
                file.substring(file.lastIndexOf('/') + 1),
                file,
                capital(About.noise(results))));
    report.line("");
    results.warnings().forEach(warning -> report.line("**%s.**\n".formatted(capital(warning))));
    report.line(
        "Rates are at the median time; in brackets stands the speed-up over the first system. The"
            + " file has best times, spreads, kernels and memory as well: `./heddle bench report`"
            + " shows it.");
    report.line("");
    Comparison comparison = Comparison.of(results.lines());
    report.summary(comparison, "###");
    report.tables(comparison.only(MarkdownReport::isOfModel), "###", Cells::sideBySide);
    Comparison operations = comparison.only(line -> !isOfModel(line));
    if (!Cells.tables(operations, Cells::sideBySide).isEmpty()) {
      // There are many.
      report.line("<details><summary>Single operations</summary>\n");
      report.tables(operations, "###", Cells::sideBySide);
      report.line("</details>\n");
    }
    report.rest(results, comparison);
    return report.text.toString();
  }

  private static boolean isOfModel(Line line) {
    return line.work().parameters().containsKey("model");
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }

  private void line(String line) {
    text.append(line).append('\n');
  }

  private void row(Stream<String> cells) {
    line(
        cells
            .map(cell -> cell.replace("|", "\\|").replaceAll("\\s*\\R\\s*", " "))
            .collect(Collectors.joining(" | ", "| ", " |")));
  }

  private void about(Results results) {
    row(Stream.of("", ""));
    row(Stream.of("---", "---"));
    About.of(results).forEach((name, value) -> row(Stream.of(name, value)));
    line("");
    results.warnings().forEach(warning -> line("**%s.**\n".formatted(capital(warning))));
    line(About.HOW);
    line("");
  }

  private void summary(Comparison comparison, String level) {
    Cells summary = Cells.summary(comparison);
    if (!summary.rows().isEmpty()) {
      table(summary, level);
    }
  }

  private void tables(
      Comparison comparison, String level, BiFunction<String, List<Comparison.Row>, Cells> table) {
    Cells.tables(comparison, table).forEach(cells -> table(cells, level));
  }

  private void rest(Results results, Comparison comparison) {
    if (!results.ceilings().isEmpty()) {
      line(
          results.ceilings().stream()
              .map(MarkdownReport::ceiling)
              .collect(Collectors.joining("; ", "Ceilings of the same run: ", ".")));
      line("");
    }
    List<String> reasons = Missing.of(comparison);
    if (!reasons.isEmpty()) {
      line("Not measured:");
      line("");
      reasons.forEach(reason -> line("- " + reason));
      line("");
    }
  }

  static String ceiling(Ceiling ceiling) {
    return "%s%s, %d threads, %s"
        .formatted(
            ceiling.name(),
            ceiling.backend() == null ? "" : " of " + ceiling.backend(),
            ceiling.threads(),
            ceiling.unit().format(ceiling.perSecond()));
  }

  private void table(Cells cells, String level) {
    line("%s %s".formatted(level, capital(cells.title())));
    line("");
    row(cells.heads().stream());
    int texts = cells.heads().size() - cells.numbers();
    row(
        Stream.iterate(0, i -> i < cells.heads().size(), i -> i + 1)
            .map(i -> i < texts ? "---" : "---:"));
    cells.rows().forEach(row -> row(row.stream()));
    line("");
  }
}
