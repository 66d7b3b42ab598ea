package dev.heddle.bench.report;

import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Results;
import java.util.Collections;
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
    report.tables(results, "##", Cells::of);
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
    report.table(Cells.summary(comparison), "###");
    comparison
        .groups()
        .forEach((group, rows) -> {
          if (isOfModels(rows)) {
            report.table(Cells.sideBySide(group, rows), "###");
          }
        });
    // There are many.
    report.line("<details><summary>Single operations</summary>\n");
    comparison
        .groups()
        .forEach((group, rows) -> {
          if (!isOfModels(rows)) {
            report.table(Cells.sideBySide(group, rows), "###");
          }
        });
    report.line("</details>\n");
    report.rest(results, comparison);
    return report.text.toString();
  }

  private static boolean isOfModels(List<Comparison.Row> rows) {
    return rows.getFirst().line().work().parameters().containsKey("model");
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

  private void tables(
      Results results, String level, BiFunction<String, List<Comparison.Row>, Cells> cells) {
    Comparison comparison = Comparison.of(results.lines());
    table(Cells.summary(comparison), level);
    comparison.groups().forEach((group, rows) -> table(cells.apply(group, rows), level));
    rest(results, comparison);
  }

  private void rest(Results results, Comparison comparison) {
    if (!results.ceilings().isEmpty()) {
      line(
          results.ceilings().stream()
              .map(MarkdownReport::ceiling)
              .collect(Collectors.joining("; ", "Ceilings of the same run: ", ".")));
      line("");
    }
    List<String> reasons = Cells.reasons(comparison);
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
    int more = cells.heads().size() - 1;
    cells
        .notes()
        .forEach(
            note -> row(Stream.concat(Stream.of(note), Collections.nCopies(more, "").stream())));
    line("");
  }
}
