package dev.heddle.bench.report;

import dev.heddle.bench.report.Comparison.Row;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Unit;
import java.awt.Graphics2D;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.knowm.xchart.HorizontalBarChart;

/**
 * A bar for each system at each piece of work. What the work is stands above its bars, over the
 * whole width: beside them it would leave them no room. XChart has no such place, so each group has
 * one bar more, of no length, and the words are drawn there.
 */
final class Bars {
  private static final int BAR = 18;

  /** Of a group, what its bars fill; the rest is the gap to the next one. */
  private static final double FILL = 0.85;

  private static final int TOP = 12;

  /** Of axis and legend. */
  private static final int BOTTOM = 105;

  /** From a bar's upper edge to where its words stand. */
  private static final double BASELINE = 0.8;

  /** The axis is so much longer than the longest bar. */
  private static final double ROOM = 1.05;

  /** A name that the legend does not show. */
  private static final String WORDS = " ";

  private Bars() {}

  /** What all bars of a chart are of: what their rates are of, if that is the same for all. */
  private static Unit unit(List<Row> rows) {
    List<Unit> units = rows.stream().map(row -> row.line().rate().unit()).distinct().toList();
    if (units.size() == 1) {
      return units.getFirst();
    }
    return rows.stream().allMatch(row -> row.line().work().flops() > 0) ? Unit.FLOPS : Unit.BYTES;
  }

  private static double rate(Line line, Unit unit) {
    if (line.rate().unit() == unit) {
      return line.rate().perSecond();
    }
    double work = unit == Unit.FLOPS ? line.work().flops() : line.work().bytes();
    return work / line.times().median();
  }

  /** Draws the chart of a table whose rows all have times. */
  static byte[] png(String group, List<Row> rows, ChartStyle style) {
    Unit unit = unit(rows);
    double most = rows.stream().mapToDouble(row -> rate(row.line(), unit)).max().orElse(1);
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.add(Comparison.what(row.line())));
    List<String> shapes = new ArrayList<>(names);
    Set<String> labels = Comparison.labels(rows);
    int slot = (int) Math.ceil(BAR * (labels.size() + 1) / FILL);
    HorizontalBarChart chart =
        new HorizontalBarChart(ChartStyle.WIDTH, TOP + BOTTOM + slot * shapes.size());
    chart.setXAxisTitle(group + ", " + unit.prefixed(most));
    chart.addSeries(WORDS, Collections.nCopies(shapes.size(), 0.0), shapes).setShowInLegend(false);
    for (String label : labels) {
      List<Double> values = new ArrayList<>(Collections.nCopies(shapes.size(), 0.0));
      for (Row row : rows) {
        if (row.line().by().label().equals(label)) {
          values.set(
              shapes.indexOf(Comparison.what(row.line())),
              rate(row.line(), unit) / unit.scale(most));
        }
      }
      chart.addSeries(label, values, shapes).setFillColor(style.colour(label));
    }
    style.apply(chart);
    chart
        .getStyler()
        .setAvailableSpaceFill(FILL)
        .setYAxisTicksVisible(false)
        .setPlotContentSize(1)
        .setChartTitleVisible(false)
        .setChartPadding(TOP);
    chart.getStyler().setXAxisMax(most * ROOM / unit.scale(most));
    return ChartStyle.png(chart, graphics -> words(graphics, chart, shapes, labels.size(), style));
  }

  private static void words(
      Graphics2D graphics,
      HorizontalBarChart chart,
      List<String> shapes,
      int bars,
      ChartStyle style) {
    graphics.setFont(ChartStyle.font());
    graphics.setColor(style.ink());
    // There is one answer for all places of an axis that has names: the bottom of the plot.
    double slot = (chart.getScreenYFromChart(0) - TOP) / shapes.size();
    double bar = slot * FILL / (bars + 1);
    for (int i = 0; i < shapes.size(); i++) {
      double top = TOP + i * slot + slot * (1 - FILL) / 2;
      graphics.drawString(
          shapes.get(i), (float) chart.getScreenXFromChart(0) + 4, (float) (top + bar * BASELINE));
    }
  }
}
