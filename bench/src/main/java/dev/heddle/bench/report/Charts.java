package dev.heddle.bench.report;

import dev.heddle.bench.report.Comparison.Row;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;

/**
 * The charts of results: bars of each table, the machine's roofline, how speed grows with threads
 * and batch. Each is drawn anew for each way to look at it.
 */
final class Charts {
  private static final int HEIGHT = 480;

  private Charts() {}

  /** Draws one of them with certain colours. */
  interface Drawing {
    byte[] png(ChartStyle style);
  }

  /** All that the results have something for, by a name that a file can have. */
  static Map<String, Drawing> of(Results results) {
    Map<String, Drawing> charts = new LinkedHashMap<>();
    Comparison.of(results.lines())
        .groups()
        .forEach((group, rows) -> {
          List<Row> full = rows.stream().filter(row -> isFull(row.line(), rows)).toList();
          if (!full.isEmpty()) {
            charts.put(group, style -> Bars.png(group, full, style));
          }
        });
    if (results.lines().stream().anyMatch(Charts::hasPoint)
        && results.ceilings().stream().anyMatch(fma -> memory(results, fma).isPresent())) {
      charts.put("roofline", style -> roofline(results, style));
    }
    scaling("threads", results.lines(), line -> line.by().threads(), charts);
    scaling("batch", results.lines(), line -> number(line.work(), "batch"), charts);
    return charts;
  }

  /** Whether a line has a time, and as many threads as any of its table. */
  private static boolean isFull(Line line, List<Row> rows) {
    int most = rows.stream().mapToInt(row -> row.line().by().threads()).max().orElse(0);
    return line.times() != null && line.by().threads() == most;
  }

  private static double number(Work work, String parameter) {
    return work.parameters().get(parameter) instanceof Number number ? number.doubleValue() : 0;
  }

  // Roofline

  private static boolean hasPoint(Line line) {
    return line.times() != null && line.work().flops() > 0 && line.work().bytes() > 0;
  }

  private static double intensity(Line line) {
    return line.work().flops() / line.work().bytes();
  }

  /** Operations a second over operations a byte, both logarithmic (Williams et al., 2009). */
  private static byte[] roofline(Results results, ChartStyle style) {
    XYChart chart = new XYChart(ChartStyle.WIDTH, HEIGHT);
    chart.setTitle("roofline");
    chart.setXAxisTitle("FLOP a byte");
    chart.setYAxisTitle("GFLOP/s");
    List<Line> lines =
        results.lines().stream()
            .filter(Charts::hasPoint)
            .filter(line -> line.by().threads() == mostThreads(results))
            .toList();
    double least = lines.stream().mapToDouble(Charts::intensity).min().orElse(0.1) / 2;
    double greatest = lines.stream().mapToDouble(Charts::intensity).max().orElse(10) * 2;
    for (Ceiling fma : results.ceilings()) {
      memory(results, fma).ifPresent(memory -> roof(chart, memory, fma, least, greatest, style));
    }
    Map<String, List<Line>> points = new LinkedHashMap<>();
    lines.forEach(
        line -> points.computeIfAbsent(line.by().label(), _ -> new ArrayList<>()).add(line));
    points.forEach((label, of) -> {
      XYSeries series =
          chart.addSeries(
              label,
              of.stream().mapToDouble(Charts::intensity).toArray(),
              of.stream()
                  .mapToDouble(line -> line.work().flops() / line.times().median() / 1e9)
                  .toArray());
      series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
      series.setMarkerColor(style.colour(label));
    });
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisLogarithmic(true);
    style.apply(chart);
    return ChartStyle.png(chart, graphics -> {});
  }

  /** The fastest that memory beside the arithmetic of {@code fma} was; none of other ceilings. */
  private static Optional<Ceiling> memory(Results results, Ceiling fma) {
    return results.ceilings().stream()
        .filter(_ -> fma.unit() == Unit.FLOPS)
        .filter(memory -> memory.unit() == Unit.BYTES)
        .filter(memory -> Objects.equals(fma.backend(), memory.backend()))
        .max(Comparator.comparingDouble(Ceiling::perSecond));
  }

  private static int mostThreads(Results results) {
    return results.lines().stream().mapToInt(line -> line.by().threads()).max().orElse(0);
  }

  private static void roof(
      XYChart chart, Ceiling memory, Ceiling fma, double least, double greatest, ChartStyle style) {
    double ridge = fma.perSecond() / memory.perSecond();
    double[] at = {least, Math.clamp(ridge, least, greatest), greatest};
    double[] most = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      most[i] = Math.min(at[i] * memory.perSecond(), fma.perSecond()) / 1e9;
    }
    String whose = memory.backend() == null ? "the machine" : memory.backend();
    XYSeries series = chart.addSeries("ceiling of " + whose, at, most);
    series.setLineColor(style.ink());
    series.setMarker(ChartStyle.NO_MARKER);
  }

  // Scaling

  /** A chart for each table in which something was measured with several of {@code axis}. */
  private static void scaling(
      String axis, List<Line> lines, ToDoubleFunction<Line> value, Map<String, Drawing> charts) {
    Map<List<Object>, TreeMap<Double, Line>> curves = new LinkedHashMap<>();
    for (Line line : lines) {
      if (line.times() != null && value.applyAsDouble(line) > 0) {
        curves
            .computeIfAbsent(curve(axis, line), _ -> new TreeMap<>())
            .putIfAbsent(value.applyAsDouble(line), line);
      }
    }
    Map<String, Map<String, TreeMap<Double, Line>>> byGroup = new LinkedHashMap<>();
    curves.forEach((key, curve) -> {
      if (curve.size() > 1) {
        Line any = curve.firstEntry().getValue();
        byGroup
            .computeIfAbsent(any.work().group(), _ -> new LinkedHashMap<>())
            .putIfAbsent(any.by().label(), curve);
      }
    });
    byGroup.forEach(
        (group, of) -> charts.put(group + "-by-" + axis, style -> curves(group, axis, of, style)));
  }

  /** What is the same along a curve. */
  private static List<Object> curve(String axis, Line line) {
    Map<String, Object> parameters = new LinkedHashMap<>(line.work().parameters());
    parameters.remove(axis);
    Contender by = line.by();
    return List.of(
        line.work().group(),
        parameters,
        by.label(),
        String.valueOf(by.type()),
        axis.equals("threads") ? 0 : by.threads());
  }

  private static byte[] curves(
      String group, String axis, Map<String, TreeMap<Double, Line>> curves, ChartStyle style) {
    double most =
        curves.values().stream()
            .flatMap(curve -> curve.values().stream())
            .mapToDouble(line -> line.rate().perSecond())
            .max()
            .orElse(1);
    Unit unit = curves.values().iterator().next().firstEntry().getValue().rate().unit();
    XYChart chart = new XYChart(ChartStyle.WIDTH, HEIGHT);
    chart.setTitle(group + " by " + axis);
    chart.setXAxisTitle(axis);
    chart.setYAxisTitle(unit.prefixed(most));
    curves.forEach((label, curve) -> {
      XYSeries series =
          chart.addSeries(
              label,
              curve.keySet().stream().mapToDouble(Double::doubleValue).toArray(),
              curve.values().stream()
                  .mapToDouble(line -> line.rate().perSecond() / unit.scale(most))
                  .toArray());
      series.setLineColor(style.colour(label));
      series.setMarkerColor(style.colour(label));
    });
    chart.getStyler().setYAxisMin(0.0);
    chart
        .getStyler()
        .setXAxisTickLabelsFormattingFunction(
            value -> value == Math.rint(value) ? Long.toString(Math.round(value)) : "");
    style.apply(chart);
    return ChartStyle.png(chart, graphics -> {});
  }
}
