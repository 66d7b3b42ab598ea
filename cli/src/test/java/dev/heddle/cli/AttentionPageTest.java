package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionWeights;
import dev.heddle.task.AttentionMaps;
import dev.heddle.task.AttentionMaps.Token;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader of the page sees and does, in a browser. */
class AttentionPageTest {
  private static final String CELL =
      "(() => { const c = document.getElementById('map'), b = c.getBoundingClientRect();"
          + " return {left: b.left + Number(c.dataset.left), top: b.top + Number(c.dataset.top),"
          + " cell: Number(c.dataset.cell), width: b.width, height: b.height}; })()";
  private static final String TIP =
      "(() => { const t = document.getElementById('tip'); return t.hidden ? null :"
          + " {row: t.dataset.row, column: t.dataset.column, weight: t.dataset.weight,"
          + " text: t.textContent}; })()";

  @TempDir private Path folder;

  @Test
  void everyCellTellsItsWeightAndItsTokensAndTheLinesToo() throws Exception {
    Path page = folder.resolve("map.html");
    Path json = folder.resolve("map.json");
    for (Path file : List.of(page, json)) {
      Heddle.output(
          "attention",
          "--backend=reference",
          "--model=sentiment-bert",
          "a <b>loom</b> & \"so\"",
          "--out=" + file);
    }
    JsonNode expected = new ObjectMapper().readTree(json.toFile());
    JsonNode map = expected.path("maps").get(6);
    assertEquals(1, map.path("layer").asInt());
    assertEquals(2, map.path("head").asInt());
    try (Browser browser = Browser.open(page, folder.resolve("profile"))) {
      choose(browser, "layer", "1");
      choose(browser, "head", "2");
      JsonNode place = browser.evaluate(CELL);
      int tokens = expected.path("tokens").size();
      double cell = place.path("cell").asDouble();
      for (int row = 0; row < tokens; row++) {
        for (int column = 0; column < tokens; column++) {
          browser.point(
              place.path("left").asDouble() + (column + 0.5) * cell,
              place.path("top").asDouble() + (row + 0.5) * cell);
          JsonNode tip = browser.evaluate(TIP);
          assertEquals(row, tip.path("row").asInt());
          assertEquals(column, tip.path("column").asInt());
          float weight = map.path("weights").get(row).get(column).floatValue();
          assertEquals(weight, Float.parseFloat(tip.path("weight").asText()));
          String text = tip.path("text").asText();
          assertTrue(text.contains(label(expected, row) + " (" + row + ") →"), text);
          assertTrue(text.endsWith(label(expected, column) + " (" + column + ")"), text);
        }
      }
      // Where the last row and column end there is no cell any more.
      browser.point(
          place.path("left").asDouble() + tokens * cell + 1, place.path("top").asDouble() + 1);
      assertTrue(browser.evaluate(TIP).isNull());

      browser.evaluate("document.querySelector('[value=lines]').click()");
      browser.evaluate("document.querySelectorAll('#from li')[3].focus()");
      browser.press("ArrowDown");
      JsonNode numbers =
          browser.evaluate("[...document.querySelectorAll('#to small')].map(n => n.textContent)");
      for (int column = 0; column < tokens; column++) {
        assertEquals(
            map.path("weights").get(4).get(column).floatValue(),
            Float.parseFloat(numbers.get(column).asText()));
      }
      assertTrue(browser.evaluate("document.querySelectorAll('#lines path').length").asInt() > 0);
      assertEquals(List.of(), browser.errors());
      assertEquals(List.of(), browser.requests());
    }
  }

  @Test
  void aLongTextOfManyKindsIsSeenAtOnceAndMovedInByKeys() throws Exception {
    int read = 256;
    int written = 3;
    Random random = new Random(4);
    List<AttentionWeights> maps = new ArrayList<>();
    for (AttentionKind kind : AttentionKind.values()) {
      for (int head = 0; head < 4; head++) {
        int queries = kind == AttentionKind.ENCODER ? read : written;
        int keys = kind == AttentionKind.DECODER ? written : read;
        float[] values = new float[queries * keys];
        IntStream.range(0, values.length).forEach(i -> values[i] = random.nextFloat() / keys);
        maps.add(new AttentionWeights(kind, 0, head, queries, keys, values));
      }
    }
    Path page = folder.resolve("long.html");
    AttentionMaps all = new AttentionMaps(tokens("t", read), tokens("w", written), maps);
    Files.writeString(page, new AttentionExport("model", "cpu", "text", all).page());
    try (Browser browser = Browser.open(page, folder.resolve("profile"))) {
      assertEquals("cross", browser.evaluate("document.getElementById('kind').value").asText());
      assertEquals(written, cells(browser, "height"));
      choose(browser, "kind", "encoder");
      assertEquals(read, cells(browser, "height"));
      assertEquals(read, cells(browser, "width"));
      byte[] light = browser.picture();
      browser.colours("dark");
      assertNotEquals(light.length, browser.picture().length);

      browser.evaluate("document.getElementById('map').focus()");
      for (String key : List.of("Home", "End", "PageDown", "ArrowLeft", "ArrowUp")) {
        browser.press(key);
      }
      JsonNode tip = browser.evaluate(TIP);
      assertEquals(9, tip.path("row").asInt());
      assertEquals(read - 2, tip.path("column").asInt());
      assertEquals(
          maps.getFirst().weight(9, read - 2), Float.parseFloat(tip.path("weight").asText()));

      double seconds =
          browser
              .evaluate(
                  "(() => { const t = performance.now();"
                      + " document.querySelector('[value=lines]').click();"
                      + " document.body.getBoundingClientRect();"
                      + " return (performance.now() - t) / 1000; })()")
              .asDouble();
      assertTrue(seconds < 5, "the lines took " + seconds + " s");
      assertEquals(read, browser.evaluate("document.querySelectorAll('#from li').length").asInt());
      assertEquals(List.of(), browser.errors());
      assertEquals(List.of(), browser.requests());
    }
  }

  private static List<Token> tokens(String name, int count) {
    return IntStream.range(0, count).mapToObj(i -> new Token(i, name + i, name + i)).toList();
  }

  /** Cells along an edge of the canvas, by its size. */
  private static int cells(Browser browser, String edge) throws Exception {
    JsonNode place = browser.evaluate(CELL);
    JsonNode box =
        browser.evaluate(
            "({width: Number(document.getElementById('map').dataset.left),"
                + " height: Number(document.getElementById('map').dataset.top)})");
    return (int)
        ((place.path(edge).asDouble() - box.path(edge).asDouble()) / place.path("cell").asDouble());
  }

  private static String label(JsonNode export, int token) {
    JsonNode of = export.path("tokens").get(token);
    String spelling = of.path("spelling").asText();
    String text = of.path("text").asText();
    return text.isEmpty() || spelling.startsWith("##") ? spelling : text;
  }

  private static void choose(Browser browser, String select, String value) throws Exception {
    browser.evaluate(
        "(() => { const s = document.getElementById('%s'); s.value = '%s';".formatted(select, value)
            + " s.dispatchEvent(new Event('change')); })()");
  }
}
