package dev.heddle.bench.report;

import dev.heddle.bench.result.Results;
import dev.heddle.cli.Page;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Results as a page that is whole in itself: style and pictures in it, nothing from a network. */
final class HtmlReport {
  private static final String STYLE =
      """
      main { max-width: 84rem; margin: 0 auto; }
      h2 { margin: 2rem 0 0.6rem; font-size: 1.1rem; }
      dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; }
      dt { color: var(--faint); }
      dd { margin: 0; overflow-wrap: anywhere; }
      .warning { padding: 0.6rem 0.9rem; border-left: 4px solid var(--mark); background: var(--panel); }
      .charts { columns: 34rem; column-gap: 1.5rem; }
      .charts img { display: block; width: 100%; max-width: 640px; height: auto; margin-bottom: 1.2rem;
        break-inside: avoid; }
      .table { overflow-x: auto; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
      th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left;
        white-space: nowrap; vertical-align: top; }
      th { color: var(--faint); font-weight: 500; }
      td.number, th.number { text-align: right; }
      tr.first td { border-top: 1px solid var(--faint); }
      li { overflow-wrap: anywhere; margin: 0.3rem 0; }
      """;

  private final StringBuilder page = new StringBuilder();

  private HtmlReport() {}

  /** The page. */
  static String of(Results results) {
    return new HtmlReport().write(results);
  }

  private String write(Results results) {
    Comparison comparison = Comparison.of(results.lines());
    String title = "Heddle on " + results.machine().cpu();
    add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">");
    add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    // A browser asks for an icon else.
    add("<link rel=\"icon\" href=\"data:,\">");
    add("<title>%s</title>".formatted(escaped(title)));
    add("<style>\n%s%s</style>\n</head>\n<body>\n<main>".formatted(Page.style(), STYLE));
    add("<h1>%s</h1>".formatted(escaped(title)));
    results
        .warnings()
        .forEach(warning -> add("<p class=\"warning\">%s</p>".formatted(escaped(warning))));
    add("<dl>");
    About.of(results)
        .forEach((name, value) ->
            add("<dt>%s</dt><dd>%s</dd>".formatted(escaped(name), escaped(value))));
    results
        .ceilings()
        .forEach(ceiling ->
            add("<dt>ceiling</dt><dd>%s</dd>".formatted(escaped(MarkdownReport.ceiling(ceiling)))));
    add("</dl>");
    add("<p>%s</p>".formatted(escaped(About.HOW)));
    Cells summary = Cells.summary(comparison);
    if (!summary.rows().isEmpty()) {
      table(summary);
    }
    charts(results);
    Cells.tables(comparison, Cells::of).forEach(this::table);
    List<String> reasons = Missing.of(comparison);
    if (!reasons.isEmpty()) {
      add("<h2>not measured</h2>\n<ul>");
      reasons.forEach(reason -> add("<li>%s</li>".formatted(escaped(reason))));
      add("</ul>");
    }
    add("</main>\n</body>\n</html>");
    return page.toString();
  }

  private void add(String line) {
    page.append(line).append('\n');
  }

  private void charts(Results results) {
    add("<h2>charts</h2>\n<div class=\"charts\">");
    for (Map.Entry<String, Charts.Drawing> chart : Charts.of(results).entrySet()) {
      add("<picture>");
      add(
          "<source media=\"(prefers-color-scheme: dark)\" srcset=\"%s\">"
              .formatted(data(chart.getValue().png(ChartStyle.of(true, results)))));
      add(
          "<img alt=\"%s\" src=\"%s\">"
              .formatted(
                  escaped(chart.getKey() + ", as the table says"),
                  data(chart.getValue().png(ChartStyle.of(false, results)))));
      add("</picture>");
    }
    add("</div>");
  }

  private static String data(byte[] png) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }

  private void table(Cells cells) {
    add("<h2>%s</h2>\n<div class=\"table\"><table>".formatted(escaped(cells.title())));
    add("<tr>%s</tr>".formatted(row(cells, cells.heads(), "th")));
    for (List<String> row : cells.rows()) {
      String first = row.getFirst().isEmpty() ? "" : " class=\"first\"";
      add("<tr%s>%s</tr>".formatted(first, row(cells, row, "td")));
    }
    add("</table></div>");
  }

  private static String row(Cells cells, List<String> row, String tag) {
    StringBuilder html = new StringBuilder();
    int texts = row.size() - cells.numbers();
    for (int i = 0; i < row.size(); i++) {
      String number = i < texts ? "" : " class=\"number\"";
      html.append("<%s%s>%s</%s>".formatted(tag, number, escaped(row.get(i)), tag));
    }
    return html.toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
