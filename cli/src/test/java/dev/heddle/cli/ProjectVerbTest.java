package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectVerbTest {
  private static final List<String> TEXTS =
      List.of(
          "The soup was cold and salty.",
          "Their pizza is the best in town.",
          "The waiter forgot our order twice.",
          "Great coffee and friendly staff.",
          "The plot makes no sense at all.",
          "A brilliant film with superb acting.",
          "</script><b>bold</b>");

  @TempDir private Path folder;

  @Test
  void componentsAreTheDirectionsOfMostVariance() {
    // An ellipse in a plane that is turned within five dimensions, moved away from zero.
    double[][] axes = {{0.6, 0, 0.8, 0, 0}, {0, 0.8, 0, 0, -0.6}};
    Random random = new Random(5);
    float[][] points = new float[300][5];
    double[][] along = new double[300][];
    for (int p = 0; p < points.length; p++) {
      along[p] = new double[] {3 * random.nextGaussian(), random.nextGaussian()};
      for (int i = 0; i < 5; i++) {
        points[p][i] = (float) (7 + along[p][0] * axes[0][i] + along[p][1] * axes[1][i]);
      }
    }
    PrincipalComponents components = PrincipalComponents.of(points, 2);
    assertEquals(1, components.shares()[0] + components.shares()[1], 1e-6);
    assertEquals(0.9, components.shares()[0], 0.03);
    for (int p = 1; p < points.length; p++) {
      float[] a = components.coordinates()[0];
      float[] b = components.coordinates()[p];
      double expected = Math.hypot(along[0][0] - along[p][0], along[0][1] - along[p][1]);
      assertEquals(expected, Math.hypot(a[0] - b[0], a[1] - b[1]), 1e-4);
    }
  }

  @Test
  void pointsAllAlikeLieOnOneAnother() {
    float[][] points = {{1, 2}, {1, 2}, {1, 2}};
    PrincipalComponents components = PrincipalComponents.of(points, 2);
    for (float[] point : components.coordinates()) {
      assertEquals(0, point[0]);
      assertEquals(0, point[1]);
    }
    assertArrayEquals(new float[] {1, 1}, Neighbours.of(points, 8).cosines()[0], 1e-6f);
  }

  @Test
  void neighboursAreTheNearestByTheCosineWhateverTheLengths() {
    float[][] points = {{1, 0}, {5, 5}, {0, 2}, {3, 1}, {0, 0}};
    Neighbours neighbours = Neighbours.of(points, 3);
    assertEquals(List.of(3, 1, 2), ints(neighbours.indices()[0]));
    assertEquals(Math.sqrt(0.5), neighbours.cosines()[0][1], 1e-6);
  }

  @Test
  void groupsThatLieApartStayApartInUmapAndThePictureIsAlwaysTheSame() {
    Random random = new Random(2);
    float[][] points = new float[40][16];
    for (int p = 0; p < points.length; p++) {
      for (int i = 0; i < 16; i++) {
        points[p][i] = (float) (0.1 * random.nextGaussian() + (i % 2 == p % 2 ? 1 : 0));
      }
    }
    float[][] once = Manifold.of(points);
    float[][] again = Manifold.of(points);
    int right = 0;
    for (int p = 0; p < points.length; p++) {
      int nearest = -1;
      double least = Double.MAX_VALUE;
      for (int q = 0; q < points.length; q++) {
        double distance = Math.hypot(once[p][0] - once[q][0], once[p][1] - once[q][1]);
        if (q != p && distance < least) {
          least = distance;
          nearest = q;
        }
      }
      right += nearest % 2 == p % 2 ? 1 : 0;
      assertEquals(list(once[p]), list(again[p]));
    }
    assertEquals(points.length, right);
  }

  @Test
  void aPointShowsItsTextAndItsNeighbours() throws Exception {
    Path input = Files.write(folder.resolve("lines.txt"), TEXTS);
    Path page = folder.resolve("points.html");
    String said =
        Heddle.output(
            "project",
            "--backend=reference",
            "--model=sentiment-bert",
            "--input=" + input,
            "--out=" + page);
    assertTrue(said.contains("7 texts"), said);
    try (Browser browser = Browser.open(page, folder.resolve("profile"))) {
      assertEquals(
          "PCA,UMAP",
          browser
              .evaluate("[...document.getElementById('projection').options].map(o => o.text) + ''")
              .asText());
      browser.evaluate("document.getElementById('points').focus()");
      for (String text : TEXTS) {
        browser.press("ArrowRight");
        assertEquals(
            text, browser.evaluate("document.getElementById('text').textContent").asText());
        JsonNode nearest =
            browser.evaluate(
                "[...document.querySelectorAll('#nearest li')].map(i => i.textContent)");
        assertEquals(TEXTS.size() - 1, nearest.size());
      }
      String where = browser.evaluate("document.getElementById('points').dataset.marked").asText();
      browser.press("Escape");
      assertEquals("", browser.evaluate("document.getElementById('text').textContent").asText());
      JsonNode box =
          browser.evaluate(
              "(() => { const b = document.getElementById('points').getBoundingClientRect();"
                  + " return {x: b.left, y: b.top}; })()");
      String[] point = where.split(",");
      browser.point(
          box.path("x").asDouble() + Double.parseDouble(point[0]),
          box.path("y").asDouble() + Double.parseDouble(point[1]));
      assertEquals(
          TEXTS.getLast(), browser.evaluate("document.getElementById('tip').textContent").asText());
      assertEquals(List.of(), browser.errors());
      assertEquals(List.of(), browser.requests());
    }
  }

  @Test
  void tooFewTextsAreRefused() throws Exception {
    Path input = Files.write(folder.resolve("lines.txt"), List.of("one", "", "two"));
    Heddle.refuses(
        new String[] {
          "project",
          "--model=sentiment-bert",
          "--input=" + input,
          "--out=" + folder.resolve("points.html")
        },
        "2 lines",
        "3 or more");
  }

  private static List<Float> list(float[] values) {
    List<Float> list = new ArrayList<>();
    for (float value : values) {
      list.add(value);
    }
    return list;
  }

  private static List<Integer> ints(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
