package dev.heddle.bench.report;

import dev.heddle.bench.result.Line;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Lines beside each other.
 *
 * @param groups the rows of each table, by its name, in the order of the lines
 */
record Comparison(Map<String, List<Row>> groups) {
  /**
   * A line and how it stands.
   *
   * @param speedUp its speed over that of the first system with a time for the same work with as
   *     many threads; 0 where one of them has no time
   * @param isBaseline whether it is that first system's
   */
  record Row(Line line, double speedUp, boolean isBaseline) {}

  /** Of lines in any order. */
  static Comparison of(List<Line> lines) {
    Map<List<Object>, Line> baselines = new LinkedHashMap<>();
    for (Line line : lines) {
      if (line.times() != null) {
        baselines.putIfAbsent(key(line), line);
      }
    }
    Map<String, List<Row>> groups = new LinkedHashMap<>();
    Map<List<Object>, List<Row>> works = new LinkedHashMap<>();
    for (Line line : lines) {
      Line baseline = baselines.get(key(line));
      double speedUp = line.times() == null ? 0 : speedUp(line, baseline);
      works
          .computeIfAbsent(key(line), _ -> new ArrayList<>())
          .add(new Row(line, speedUp, line == baseline));
    }
    works.forEach((key, rows) ->
        groups.computeIfAbsent((String) key.getFirst(), _ -> new ArrayList<>()).addAll(rows));
    return new Comparison(groups);
  }

  /** The tables whose lines are of a kind. */
  Comparison only(Predicate<Line> kind) {
    Map<String, List<Row>> some = new LinkedHashMap<>(groups);
    some.values().removeIf(rows -> !kind.test(rows.getFirst().line()));
    return new Comparison(some);
  }

  /** By what was done in a second; of operations, whose types differ in bytes, by the time. */
  private static double speedUp(Line line, Line baseline) {
    return switch (line.rate().unit()) {
      case TOKENS, TEXTS -> line.rate().perSecond() / baseline.rate().perSecond();
      case FLOPS, BYTES -> baseline.times().median() / line.times().median();
    };
  }

  /** What lines have in common that stand beside each other. */
  static List<Object> key(Line line) {
    return List.of(line.work().group(), what(line), line.by().threads());
  }

  /** What is computed, and in which type where that is not float32: peers may not say. */
  static String what(Line line) {
    String type = line.by().type();
    boolean usual = type == null || type.equals("f32") || type.equals("auto");
    return usual ? line.work().shape() : line.work().shape() + ", " + type;
  }

  /** Everybody of a table, in the order of the lines. */
  static Set<String> labels(List<Row> rows) {
    Set<String> labels = new LinkedHashSet<>();
    rows.forEach(row -> labels.add(row.line().by().label()));
    return labels;
  }

  /**
   * The geometric mean of a contender's speed-ups in a table, where it is not the baseline; 0 where
   * there is none.
   */
  static double meanSpeedUp(List<Row> rows, String label) {
    double[] logs =
        rows.stream()
            .filter(row -> row.speedUp() > 0 && row.line().by().label().equals(label))
            .mapToDouble(row -> Math.log(row.speedUp()))
            .toArray();
    double sum = 0;
    for (double log : logs) {
      sum += log;
    }
    return logs.length == 0 ? 0 : Math.exp(sum / logs.length);
  }
}
