package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionWeights;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttentionVerbTest {
  private static final String MODEL = "--model=sentiment-bert";
  private static final String ON = "--backend=reference";
  private static final String TEXT = "A warm, wonderful loom.";

  @TempDir private Path folder;

  @Test
  void oneHeadIsTheSameAloneAndAmongAllAndItsRowsSumToOne() throws IOException {
    JsonNode all = json(MODEL, TEXT);
    JsonNode one = json(MODEL, TEXT, "--layer=1", "--head=2");
    assertEquals(2 * 4, all.path("maps").size());
    assertEquals(1, one.path("maps").size());
    JsonNode head = one.path("maps").get(0);
    assertEquals(all.path("maps").get(4 + 2), head);
    int tokens = all.path("tokens").size();
    assertEquals(tokens, head.path("weights").size());
    for (JsonNode row : head.path("weights")) {
      double sum = 0;
      for (JsonNode weight : row) {
        sum += weight.asDouble();
      }
      assertEquals(tokens, row.size());
      assertEquals(1, sum, 1e-5);
    }
    assertEquals("[CLS]", all.path("tokens").get(0).path("spelling").asText());
    assertEquals("A", all.path("tokens").get(1).path("text").asText());
  }

  @Test
  void anEncoderDecoderShowsWhatItLookedAtWhileItWroteTheTarget() throws IOException {
    String mbart = "--model=" + TestData.model("mbart");
    JsonNode maps = json(mbart, "loom", "--target=warm", "--kind=cross", "--head=5");
    int written = maps.path("target").size();
    assertTrue(written > 1, maps.path("target").toString());
    assertEquals(2, maps.path("maps").size());
    for (JsonNode map : maps.path("maps")) {
      assertEquals("cross", map.path("kind").asText());
      assertEquals(written, map.path("weights").size());
      assertEquals(maps.path("tokens").size(), map.path("weights").get(0).size());
    }
  }

  @Test
  void aPictureHasItsCellsItsScaleAndLabelsOnBothAxes() {
    int n = 5;
    float[] identity = new float[n * n];
    IntStream.range(0, n).forEach(i -> identity[i * n + i] = 1);
    var map = new AttentionWeights(AttentionKind.ENCODER, 0, 0, n, n, identity);
    List<String> names = List.of("heddle", "warp", "weft", "a very long token indeed, is it", "織");
    List<String> none = Collections.nCopies(n, "");
    int[] with = pixels(new AttentionPicture("title", map, names, names).draw());
    int darkest = 0xff000000 | ColourScale.rgb(1);
    long dark = Arrays.stream(with).filter(rgb -> rgb == darkest).count();
    // Five cells of 26 pixels, the last row and column of each being its line; and the scale's end.
    assertEquals(5 * 25 * 25, dark, 40);
    BufferedImage rows = new AttentionPicture("title", map, names, none).draw();
    BufferedImage columns = new AttentionPicture("title", map, none, names).draw();
    BufferedImage bare = new AttentionPicture("title", map, none, none).draw();
    assertTrue(ink(rows) > ink(bare) + 100, "row labels");
    assertTrue(ink(columns) > ink(bare) + 100, "column labels");
    assertTrue(longestScale(bare) > 100, "scale");
  }

  /** The length of the longest column that runs through the colours from the darkest on. */
  private static int longestScale(BufferedImage image) {
    int longest = 0;
    for (int x = 0; x < image.getWidth(); x++) {
      int run = 0;
      for (int y = 1; y < image.getHeight(); y++) {
        int above = image.getRGB(x, y - 1) & 0xff00;
        int here = image.getRGB(x, y) & 0xff00;
        run = here > above || here == above && run > 0 && here != 0xff00 ? run + 1 : 0;
        longest = Math.max(longest, run);
      }
    }
    return longest;
  }

  private static long ink(BufferedImage image) {
    return Arrays.stream(pixels(image)).filter(rgb -> rgb != 0xffffffff).count();
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }

  @Test
  void aLongTextsPictureStaysOfASizeThatCanBeOpened() {
    int n = 1500;
    var map = new AttentionWeights(AttentionKind.ENCODER, 0, 0, n, n, new float[n * n]);
    List<String> names = IntStream.range(0, n).mapToObj(i -> "token" + i).toList();
    BufferedImage image = new AttentionPicture("title", map, names, names).draw();
    assertTrue(image.getWidth() < 4600 && image.getHeight() < 4600, image.toString());
    assertTrue(image.getWidth() > n && image.getHeight() > n, image.toString());
  }

  @Test
  void thePictureIsAPngOfTheMeanOfAllHeadsUnlessOneIsNamed() throws IOException {
    Path file = folder.resolve("map.PNG");
    String said = Heddle.output("attention", ON, MODEL, TEXT, "--out=" + file);
    assertTrue(said.contains("the mean of 4 maps"), said);
    assertTrue(ImageIO.read(file.toFile()).getWidth() > 200);
    said = Heddle.output("attention", ON, MODEL, TEXT, "--head=3", "--out=" + file);
    assertTrue(said.contains("1 map,"), said);
    assertArrayEquals(
        new byte[] {(byte) 0x89, 'P', 'N', 'G'}, Arrays.copyOf(Files.readAllBytes(file), 4));
  }

  @Test
  void whatTheModelHasNotIsRefusedAndWritesNothing() {
    Path file = folder.resolve("none.json");
    String out = "--out=" + file;
    refuses("--layer=2", out, "layer 2", "layers 0 to 1");
    refuses("--layer=-1", out, "layer -1", "layers 0 to 1");
    refuses("--head=4", out, "head 4", "heads 0 to 3");
    refuses("--kind=cross", out, "no cross attention", "it has encoder");
    refuses("--kind=self", out, "--kind self", "encoder, decoder or cross");
    refuses("--target=x", out, "--target", "no encoder–decoder");
    refuses("--layer=0", "--out=" + folder.resolve("map.svg"), ".html, .png or .json");
    refuses("--layer=0", "--out=" + folder.resolve("no/map.png"), "there is no folder");
    assertFalse(Files.exists(file));
  }

  private static void refuses(String option, String out, String... parts) {
    Heddle.refuses(new String[] {"attention", ON, MODEL, TEXT, option, out}, parts);
  }

  private JsonNode json(String... arguments) throws IOException {
    Path file = folder.resolve("map.json");
    List<String> all = new ArrayList<>(List.of("attention", ON, "--out=" + file));
    all.addAll(List.of(arguments));
    Heddle.output(all.toArray(String[]::new));
    return new ObjectMapper().readTree(file.toFile());
  }
}
