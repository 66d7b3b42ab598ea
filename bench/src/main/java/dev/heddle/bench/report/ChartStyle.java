package dev.heddle.bench.report;

import dev.heddle.bench.result.Results;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.None;

/**
 * How charts look: on light or on dark paper, with the same colour for the same system in all of
 * them. They are drawn for {@value #WIDTH} pixels of a page, with twice as many of their own.
 *
 * @param labels all systems that have times, in the order of their colours
 */
record ChartStyle(boolean dark, List<String> labels) {
  static final int WIDTH = 640;
  static final Marker NO_MARKER = new None();

  private static final int PIXELS = 2;
  private static final int FONT_SIZE = 15;

  /** Apart for most people who see few colours too (Okabe and Ito, 2008), for light and dark. */
  private static final int[] LIGHT = {
    0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0x8a6d00, 0x56b4e9, 0x5f6673, 0x7a4fbf, 0xe6c229
  };

  private static final int[] DARK = {
    0x56b4e9, 0xe69f00, 0x2bc79b, 0xe09bc4, 0xf0e442, 0xd55e00, 0x9aa4b2, 0xa98ae8, 0x3a72d8
  };

  static ChartStyle of(boolean dark, Results results) {
    return new ChartStyle(
        dark,
        results.lines().stream()
            .filter(line -> line.times() != null)
            .map(line -> line.by().label())
            .distinct()
            .toList());
  }

  Color ink() {
    return dark ? new Color(0xe8ebf0) : new Color(0x1b1f27);
  }

  private Color paper() {
    return dark ? new Color(0x14171d) : Color.WHITE;
  }

  private Color faint() {
    return dark ? new Color(0x3a4351) : new Color(0xccd3dd);
  }

  /** A system's. */
  Color colour(String label) {
    int[] colours = dark ? DARK : LIGHT;
    return new Color(colours[Math.max(0, labels.indexOf(label)) % colours.length]);
  }

  void apply(HorizontalBarChart chart) {
    common(chart.getStyler());
    chart.getStyler().setXAxisMin(0.0).setPlotGridHorizontalLinesVisible(false);
  }

  void apply(XYChart chart) {
    common(chart.getStyler());
    chart.getStyler().setMarkerSize(8);
  }

  static Font font() {
    return new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
  }

  private void common(AxesChartStyler styler) {
    Font font = font();
    Font bold = font.deriveFont(Font.BOLD);
    styler
        .setChartBackgroundColor(paper())
        .setChartFontColor(ink())
        .setChartTitleFont(bold)
        .setChartTitleBoxVisible(false)
        .setLegendFont(font)
        .setLegendBackgroundColor(paper())
        .setLegendBorderColor(paper())
        .setLegendPosition(LegendPosition.OutsideS)
        .setLegendLayout(LegendLayout.Horizontal)
        .setPlotBackgroundColor(paper())
        .setPlotBorderColor(faint());
    styler
        .setAxisTitleFont(font)
        .setAxisTickLabelsFont(font)
        .setAxisTickLabelsColor(ink())
        .setAxisTickMarksColor(faint())
        .setPlotGridLinesColor(faint())
        .setPlotGridLinesStroke(new BasicStroke(1));
    styler.setXAxisTitleColor(ink()).setYAxisTitleColor(ink());
  }

  /**
   * With twice as many pixels as the chart says.
   *
   * @param more draws on it, in the chart's coordinates
   */
  static byte[] png(Chart<?, ?> chart, Consumer<Graphics2D> more) {
    BufferedImage image =
        new BufferedImage(
            chart.getWidth() * PIXELS, chart.getHeight() * PIXELS, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.scale(PIXELS, PIXELS);
    chart.paint(graphics, chart.getWidth(), chart.getHeight());
    more.accept(graphics);
    graphics.dispose();
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      if (!ImageIO.write(image, "png", png)) {
        throw new IllegalStateException("this Java writes no PNG");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return png.toByteArray();
  }
}
