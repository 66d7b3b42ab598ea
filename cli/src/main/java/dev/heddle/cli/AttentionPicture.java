package dev.heddle.cli;

import dev.heddle.model.AttentionWeights;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/**
 * A head's weights as a picture: a row for each token that attends, a column for each that is
 * attended to, and the scale of the colours beside them.
 */
final class AttentionPicture {
  /** The most tokens on an axis: each has at least a pixel. */
  static final int MAX_TOKENS = 8192;

  private static final int LABELLED_CELL = 15;
  private static final int LARGE_CELL = 26;
  private static final int LARGE_CELLS = 40;
  private static final int MAX_EXTENT = 4096;
  private static final int LABEL_ROOM = 14;
  private static final int MAX_LABEL = 150;
  private static final int MARGIN = 16;
  private static final int GAP = 6;
  private static final int LEGEND_WIDTH = 18;
  private static final int MIN_HEIGHT = 120;
  private static final int MIN_WIDTH = 260;
  private static final Color INK = new Color(0x1b, 0x1f, 0x27);
  private static final Color FAINT = new Color(0x5b, 0x64, 0x73);
  private static final Color FRAME = new Color(0xb8, 0xc0, 0xcc);
  private static final Font LABELS = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 15);

  private final String title;
  private final AttentionWeights map;
  private final List<String> queries;
  private final List<String> keys;
  private final int cell;
  private final double greatest;

  AttentionPicture(String title, AttentionWeights map, List<String> queries, List<String> keys) {
    this.title = title;
    this.map = map;
    this.queries = queries;
    this.keys = keys;
    int most = Math.max(queries.size(), keys.size());
    int fitting = most <= LARGE_CELLS ? LARGE_CELL : LABELLED_CELL;
    this.cell = Math.clamp(MAX_EXTENT / most, 1, fitting);
    float max = 0;
    for (float weight : map.values()) {
      max = Math.max(max, weight);
    }
    this.greatest = max > 0 ? max : 1;
  }

  /** Draws it into a PNG. */
  void write(Path file) throws IOException {
    if (!ImageIO.write(draw(), "png", file.toFile())) {
      throw new IllegalStateException("this Java writes no PNG");
    }
  }

  BufferedImage draw() {
    FontMetrics metrics = metrics();
    int height = Math.max(cell * queries.size(), MIN_HEIGHT);
    int rowLabels = widest(metrics, queries);
    int columnLabels = widest(metrics, keys);
    int left = MARGIN + metrics.getHeight() + GAP + rowLabels + GAP;
    int top = MARGIN + 2 * metrics.getHeight() + GAP + columnLabels + GAP + metrics.getHeight();
    int legend = left + Math.max(cell * keys.size(), MIN_WIDTH) + 2 * MARGIN;
    int right = legend + LEGEND_WIDTH + GAP + metrics.stringWidth("0.0000") + MARGIN;
    BufferedImage image =
        new BufferedImage(right, top + height + MARGIN, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    try {
      g.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      g.setColor(Color.WHITE);
      g.fillRect(0, 0, image.getWidth(), image.getHeight());
      g.setFont(TITLE);
      g.setColor(INK);
      String fitting = fit(g.getFontMetrics(), title, image.getWidth() - 2 * MARGIN);
      g.drawString(fitting, MARGIN, MARGIN + g.getFontMetrics().getAscent());
      g.setFont(LABELS);
      cells(image, left, top);
      labels(g, left, top, rowLabels);
      legend(g, legend, top, height);
    } finally {
      g.dispose();
    }
    return image;
  }

  private static FontMetrics metrics() {
    Graphics2D g = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
    try {
      return g.getFontMetrics(LABELS);
    } finally {
      g.dispose();
    }
  }

  private static int widest(FontMetrics metrics, List<String> labels) {
    int widest = labels.stream().mapToInt(metrics::stringWidth).max().orElse(0);
    return Math.clamp(widest, 2 * LABEL_ROOM, MAX_LABEL);
  }

  private void cells(BufferedImage image, int left, int top) {
    for (int y = 0; y < cell * queries.size(); y++) {
      for (int x = 0; x < cell * keys.size(); x++) {
        boolean line = cell == LARGE_CELL && (x % cell == cell - 1 || y % cell == cell - 1);
        int rgb = ColourScale.rgb(map.weight(y / cell, x / cell) / greatest);
        image.setRGB(left + x, top + y, line ? lined(rgb) : rgb);
      }
    }
  }

  /** A little nearer to grey: cells of one colour are still cells. */
  private static int lined(int rgb) {
    int mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int part = rgb >> shift & 0xff;
      mixed |= (part * 7 + 0x80) / 8 << shift;
    }
    return mixed;
  }

  private void labels(Graphics2D g, int left, int top, int rowLabels) {
    FontMetrics metrics = g.getFontMetrics();
    int width = cell * keys.size();
    int height = cell * queries.size();
    int every = Math.ceilDiv(LABEL_ROOM, cell);
    int middle = (metrics.getAscent() - metrics.getDescent()) / 2;
    g.setColor(INK);
    for (int i = 0; i < queries.size(); i += every) {
      String label = fit(metrics, queries.get(i), rowLabels);
      int y = top + i * cell + Math.max(cell, LABEL_ROOM) / 2;
      g.drawString(label, left - GAP - metrics.stringWidth(label), y + middle);
    }
    AffineTransform upright = g.getTransform();
    for (int i = 0; i < keys.size(); i += every) {
      String label = fit(metrics, keys.get(i), MAX_LABEL);
      int x = left + i * cell + Math.max(cell, LABEL_ROOM) / 2;
      g.rotate(-Math.PI / 2, x, top - GAP);
      g.drawString(label, x, top - GAP + middle);
      g.setTransform(upright);
    }
    g.setColor(FAINT);
    g.drawString("attended to →", left, MARGIN + 3 * metrics.getHeight());
    String side = "← attends";
    int x = MARGIN + metrics.getAscent();
    g.rotate(-Math.PI / 2, x, top);
    g.drawString(side, -metrics.stringWidth(side) + x, top);
    g.setTransform(upright);
    g.setColor(FRAME);
    g.setStroke(new BasicStroke(1));
    g.drawRect(left - 1, top - 1, width + 1, height + 1);
  }

  private void legend(Graphics2D g, int x, int top, int height) {
    FontMetrics metrics = g.getFontMetrics();
    int tall = Math.min(height, 240);
    for (int y = 0; y < tall; y++) {
      g.setColor(new Color(ColourScale.rgb(1 - y / (tall - 1.0))));
      g.drawLine(x, top + y, x + LEGEND_WIDTH - 1, top + y);
    }
    g.setColor(FRAME);
    g.drawRect(x - 1, top - 1, LEGEND_WIDTH + 1, tall + 1);
    g.setColor(FAINT);
    g.drawString("weight", x, top - 2 * GAP);
    g.setColor(INK);
    int ticks = 4;
    for (int i = 0; i <= ticks; i++) {
      int y = top + (tall - 1) * i / ticks;
      String number = String.format(Locale.ROOT, "%.3g", greatest * (ticks - i) / ticks);
      g.drawLine(x + LEGEND_WIDTH, y, x + LEGEND_WIDTH + 3, y);
      int middle = (metrics.getAscent() - metrics.getDescent()) / 2;
      g.drawString(i == ticks ? "0" : number, x + LEGEND_WIDTH + GAP, y + middle);
    }
  }

  /** {@code text}, its end replaced by an ellipsis where it is wider than {@code room}. */
  private static String fit(FontMetrics metrics, String text, int room) {
    if (metrics.stringWidth(text) <= room) {
      return text;
    }
    int end = text.length();
    while (end > 0 && metrics.stringWidth(text.substring(0, end) + "…") > room) {
      end = text.offsetByCodePoints(end, -1);
    }
    return text.substring(0, end) + "…";
  }
}
