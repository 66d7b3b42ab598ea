package dev.heddle.bench.report;

import dev.heddle.bench.result.Line;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Why lines have no times: each reason once, with all who have it and where. */
final class Missing {
  private Missing() {}

  /** Who, why, and in which tables: in how many of a table's lines, where those are not all. */
  static List<String> of(Comparison comparison) {
    Map<String, Set<String>> labels = new LinkedHashMap<>();
    for (Line line : lines(comparison)) {
      if (line.times() == null) {
        labels.computeIfAbsent(reason(line), _ -> new LinkedHashSet<>()).add(line.by().label());
      }
    }
    List<String> all = new ArrayList<>();
    labels.forEach((reason, who) ->
        all.add(
            "%s: %s (%s)"
                .formatted(String.join(", ", who), reason, places(comparison, reason, who))));
    return all;
  }

  private static List<Line> lines(Comparison comparison) {
    return comparison.groups().values().stream()
        .flatMap(List::stream)
        .map(Comparison.Row::line)
        .toList();
  }

  private static String reason(Line line) {
    return line.reason().replaceAll("\\s*\\R\\s*", " ");
  }

  private static String places(Comparison comparison, String reason, Set<String> who) {
    List<String> places = new ArrayList<>();
    comparison
        .groups()
        .forEach((group, rows) -> {
          List<Line> own =
              rows.stream()
                  .map(Comparison.Row::line)
                  .filter(line -> who.contains(line.by().label()))
                  .toList();
          long missing =
              own.stream()
                  .filter(line -> line.times() == null && reason(line).equals(reason))
                  .count();
          if (missing > 0) {
            places.add(
                missing == own.size()
                    ? group
                    : "%s, %d of %d lines".formatted(group, missing, own.size()));
          }
        });
    return places.stream().collect(Collectors.joining("; "));
  }
}
