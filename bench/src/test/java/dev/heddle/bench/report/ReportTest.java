package dev.heddle.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.result.Contender;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Results;
import dev.heddle.bench.result.SampleResults;
import dev.heddle.bench.result.Times;
import dev.heddle.bench.result.Unit;
import dev.heddle.bench.result.Work;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static Line line(String group, int batch, String backend, int threads, double seconds) {
    return Line.of(
        new Work(group, "<" + group + "> " + batch, Map.of("batch", batch), 2e9 * batch, 4e6),
        new Contender("heddle", "1", backend, "f32", null, threads),
        Times.of(new double[] {seconds, seconds * 1.1}, 0),
        new Rate(batch / seconds, Unit.TEXTS, null, 0),
        null);
  }

  private static Results results() {
    return SampleResults.of(
        line("embedding", 1, "cpu", 2, 0.01),
        line("embedding", 1, "opencl", 2, 0.02),
        line("embedding", 8, "cpu", 2, 0.04),
        line("embedding", 8, "cpu", 1, 0.08),
        line("embedding", 8, "opencl", 2, 0.02),
        Line.without(
            new Work("embedding", "<embedding> 8", Map.of("batch", 8), 0, 0),
            new Contender("heddle", null, "cuda", "f32", null, 2),
            "no <driver> is there"));
  }

  @Test
  void aPageIsWholeInItselfAndShowsEveryChartForLightAndDark() throws IOException {
    String page = HtmlReport.of(results());
    assertFalse(page.contains("http"), "nothing from a network");
    assertTrue(page.contains("<li>cuda: no &lt;driver&gt; is there (embedding)</li>"));
    assertTrue(page.contains("<p class=\"warning\">busy</p>"));
    Matcher charts = Pattern.compile("data:image/png;base64,([^\"]+)").matcher(page);
    int count = 0;
    for (; charts.find(); count++) {
      byte[] png = Base64.getDecoder().decode(charts.group(1));
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
      assertEquals(2 * ChartStyle.WIDTH, image.getWidth());
      int paper = image.getRGB(0, 0) & 0xff;
      assertTrue(count % 2 == 0 ? paper < 0x40 : paper > 0xf0, "dark before light");
    }
    assertEquals(2 * List.of("embedding", "by threads", "by batch").size(), count);
  }

  @Test
  void speedUpIsOverTheFirstSystemWithAsManyThreads() {
    Cells table =
        Cells.sideBySide("embedding", Comparison.of(results().lines()).groups().get("embedding"));
    assertEquals(List.of("what", "threads", "cpu", "opencl"), table.heads());
    assertEquals(
        List.of(
            List.of("<embedding> 1", "2", "100 texts/s", "50.0 texts/s (0.50 ×)"),
            List.of("<embedding> 8", "2", "200 texts/s", "400 texts/s (2.00 ×)"),
            List.of("<embedding> 8", "1", "100 texts/s", "–")),
        table.rows());
    assertEquals(
        List.of(List.of("embedding", "1.00 ×", "1.00 ×")),
        Cells.summary(Comparison.of(results().lines())).rows());
  }

  private static Line without(String group, String label, String reason) {
    return Line.without(
        new Work(group, "small", Map.of(), 0, 0),
        new Contender("heddle", null, label, "f32", null, 2),
        reason);
  }

  @Test
  void whatHasNoTimeIsToldOnceAndHasNoTableOfItsOwn() {
    Results results =
        SampleResults.of(
            line("embedding", 1, "cpu", 2, 0.01),
            without("embedding", "cpu", "no time"),
            without("embedding", "opencl", "no time"),
            without("embedding", "cuda", "no\ndriver"),
            without("softmax", "cpu", "no time"),
            without("softmax", "cuda", "no\ndriver"));
    Comparison comparison = Comparison.of(results.lines());
    List<Cells> tables = Cells.tables(comparison, Cells::of);
    assertEquals(List.of("embedding"), tables.stream().map(Cells::title).toList());
    assertEquals(1, tables.getFirst().rows().size());
    assertEquals(1, Cells.summary(comparison).rows().size());
    assertEquals(
        List.of(
            "cpu, opencl: no time (embedding, 2 of 3 lines; softmax)",
            "cuda: no driver (embedding; softmax)"),
        Missing.of(comparison));
    assertFalse(MarkdownReport.section(results, "a.json").contains("Softmax"));
  }
}
