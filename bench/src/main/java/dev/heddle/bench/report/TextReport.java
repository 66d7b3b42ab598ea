package dev.heddle.bench.report;

import dev.heddle.bench.result.Results;
import dev.heddle.cli.Table;
import java.io.PrintWriter;

/** Results on a terminal. */
public final class TextReport {
  private TextReport() {}

  /** Prints all tables, and what must be known of them. */
  public static void print(Results results, PrintWriter out) {
    Comparison comparison = Comparison.of(results.lines());
    Cells.tables(comparison, Cells::of).forEach(table -> print(table, out));
    if (comparison.groups().values().stream()
        .anyMatch(rows -> Comparison.labels(rows).size() > 1)) {
      print(Cells.summary(comparison), out);
    }
    results
        .ceilings()
        .forEach(ceiling ->
            out.printf(
                "ceiling %s%s, %d threads: %s%n",
                ceiling.name(),
                ceiling.backend() == null ? "" : " of " + ceiling.backend(),
                ceiling.threads(),
                ceiling.unit().format(ceiling.perSecond())));
    Missing.of(comparison).forEach(reason -> out.println("not measured: " + reason));
    results.warnings().forEach(warning -> out.println("warning: " + warning));
    out.println(About.noise(results));
  }

  private static void print(Cells cells, PrintWriter out) {
    out.println(cells.title());
    Table table = new Table();
    int texts = cells.heads().size() - cells.numbers();
    for (int i = 0; i < cells.heads().size(); i++) {
      if (i < texts) {
        table.left(cells.heads().get(i));
      } else {
        table.right(cells.heads().get(i));
      }
    }
    cells.rows().forEach(row -> table.row(row.toArray()));
    table.print(out, "  ");
    out.println();
  }
}
