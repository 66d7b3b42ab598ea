package dev.heddle.bench.report;

import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Times;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * A table as text: what every way to show results shows.
 *
 * @param heads of the columns
 * @param numbers how many of the last columns are of numbers
 */
record Cells(String title, List<String> heads, int numbers, List<List<String>> rows) {
  static final String NONE = "–";

  /** A table of measurements. */
  static Cells of(String group, List<Comparison.Row> rows) {
    List<List<String>> cells = new ArrayList<>();
    String what = "";
    for (Comparison.Row row : measured(rows)) {
      cells.add(cells(row, Comparison.what(row.line()).equals(what)));
      what = Comparison.what(row.line());
    }
    return new Cells(
        group,
        List.of(
            "what",
            "system",
            "type",
            "threads",
            "best",
            "median",
            "spread",
            "rate",
            "of ceiling",
            "speed-up"),
        7,
        cells);
  }

  private static List<String> cells(Comparison.Row row, boolean sameWork) {
    Line line = row.line();
    List<String> cells = new ArrayList<>();
    cells.add(sameWork ? "" : line.work().shape());
    cells.add(line.by().label());
    cells.add(line.by().type() == null ? NONE : line.by().type());
    cells.add(Integer.toString(line.by().threads()));
    if (line.times() == null) {
      cells.addAll(List.of(NONE, NONE, NONE, line.wrong() ? "wrong" : NONE, NONE, NONE));
      return cells;
    }
    Times times = line.times();
    cells.add(seconds(times.min()));
    cells.add(seconds(times.median()));
    cells.add(percent(times.spread()));
    cells.add(line.rate().toString());
    double share = line.rate().ofCeiling();
    cells.add(share == 0 ? NONE : percent(share) + " " + line.rate().ceiling());
    cells.add(row.isBaseline() ? "1" : ratio(row.speedUp()));
    return cells;
  }

  /** A table with a column for each system: its rate, and its speed-up over the first one's. */
  static Cells sideBySide(String group, List<Comparison.Row> rows) {
    List<Comparison.Row> measured = measured(rows);
    Set<String> labels = Comparison.labels(measured);
    Map<List<Object>, Map<String, String>> works = new LinkedHashMap<>();
    for (Comparison.Row row : measured) {
      Line line = row.line();
      String cell =
          line.times() == null
              ? line.wrong() ? "wrong" : NONE
              : line.rate() + (row.isBaseline() ? "" : " (" + ratio(row.speedUp()) + ")");
      works
          .computeIfAbsent(
              List.of(Comparison.what(line), line.by().threads()), _ -> new LinkedHashMap<>())
          .put(line.by().label(), cell);
    }
    List<String> heads = new ArrayList<>(List.of("what", "threads"));
    heads.addAll(labels);
    List<List<String>> cells = new ArrayList<>();
    works.forEach((work, of) -> {
      List<String> row = new ArrayList<>();
      work.forEach(each -> row.add(each.toString()));
      labels.forEach(label -> row.add(of.getOrDefault(label, NONE)));
      cells.add(row);
    });
    return new Cells(group, heads, labels.size() + 1, cells);
  }

  /** Speed-ups of everybody, a row for each table: geometric means. */
  static Cells summary(Comparison comparison) {
    Set<String> labels = new LinkedHashSet<>();
    comparison.groups().values().forEach(rows -> labels.addAll(Comparison.labels(rows)));
    labels.removeIf(label ->
        comparison.groups().values().stream()
            .allMatch(rows -> Comparison.meanSpeedUp(rows, label) == 0));
    List<String> heads = new ArrayList<>(List.of(""));
    heads.addAll(labels);
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, List<Comparison.Row>> group : comparison.groups().entrySet()) {
      if (labels.stream().allMatch(label -> Comparison.meanSpeedUp(group.getValue(), label) == 0)) {
        continue;
      }
      List<String> row = new ArrayList<>(List.of(group.getKey()));
      for (String label : labels) {
        double mean = Comparison.meanSpeedUp(group.getValue(), label);
        row.add(mean == 0 ? NONE : ratio(mean));
      }
      rows.add(row);
    }
    return new Cells("speed-up", heads, labels.size(), rows);
  }

  /** The tables of what was measured: those in which nobody has a time are left out. */
  static List<Cells> tables(
      Comparison comparison, BiFunction<String, List<Comparison.Row>, Cells> table) {
    return comparison.groups().entrySet().stream()
        .map(group -> table.apply(group.getKey(), group.getValue()))
        .filter(cells -> !cells.rows().isEmpty())
        .toList();
  }

  /**
   * The rows of a table: of work that somebody has a time or a wrong result at, by those who have
   * one somewhere in the table.
   */
  private static List<Comparison.Row> measured(List<Comparison.Row> rows) {
    Set<String> labels = new LinkedHashSet<>();
    Set<Object> works = new LinkedHashSet<>();
    for (Comparison.Row row : rows) {
      if (row.line().times() != null || row.line().wrong()) {
        labels.add(row.line().by().label());
        works.add(Comparison.key(row.line()));
      }
    }
    return rows.stream()
        .filter(row -> labels.contains(row.line().by().label()))
        .filter(row -> works.contains(Comparison.key(row.line())))
        .toList();
  }

  static String percent(double share) {
    return String.format(Locale.ROOT, share < 0.095 ? "%.1f %%" : "%.0f %%", share * 100);
  }

  static String ratio(double speedUp) {
    return String.format(Locale.ROOT, speedUp < 10 ? "%.2f ×" : "%.0f ×", speedUp);
  }

  /** {@code 1.23 ms}: three digits. */
  static String seconds(double seconds) {
    String[] units = {"ns", "µs", "ms", "s"};
    double scaled = seconds * 1e9;
    int unit = 0;
    while (scaled >= 999.5 && unit < units.length - 1) {
      scaled /= 1000;
      unit++;
    }
    int decimals = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%." + decimals + "f %s", scaled, units[unit]);
  }
}
