package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where models are found, and what their folders say. */
class ModelsTest {
  private static final Path FIXTURES = Path.of("src/test/data/hf");

  @TempDir private Path folder;

  @Test
  void aShippedModelOpensByItsName() {
    try (Model model = Models.open("sentiment-bert")) {
      assertEquals("bert", model.network().family());
      assertEquals(224_194, model.network().parameters());
      assertEquals(448_388, model.network().bytes());
      assertEquals(128, model.network().contextLength());
      assertTrue(model.sentence().isEmpty());
      assertEquals(2, model.tokenizer().encode("").size());
    }
  }

  @Test
  void aShippedModelBringsItsWayOfContinuingTexts() {
    try (Model model = Models.open("shakespeare-llama")) {
      assertEquals("llama", model.network().family());
      assertEquals(1_931_328, model.network().parameters());
      assertEquals(50, model.generationOptions().topK());
      assertEquals(List.of(1), model.generationOptions().eosTokenIds());
    }
  }

  @Test
  void whatIsNotThereIsRefusedWithWhatThereIs() {
    ModelException e = assertThrows(ModelException.class, () -> Models.open("no-such-model"));
    assertTrue(e.getMessage().contains("one of dates-marian, sentiment"), e.getMessage());
    assertThrows(ModelException.class, () -> Models.open("bad\u0000path"));
    assertThrows(WeightFileException.class, () -> Models.open(folder));
  }

  @Test
  void aSentenceTransformersFolderSaysHowToPool() {
    try (Model model = Models.open(FIXTURES.resolve("bert-embedder-mean"))) {
      // Its file sets two flags; sentence-transformers joins their results.
      assertEquals(
          new SentenceSettings(List.of(Pooling.MEAN), true, 24, false),
          model.sentence().orElseThrow());
    }
  }

  @Test
  void poolingHasAnOlderAndANewerSpelling() throws IOException {
    assertEquals(List.of(Pooling.MEAN), pooling("{\"word_embedding_dimension\": 48}"));
    assertEquals(
        List.of(Pooling.CLS, Pooling.MAX, Pooling.LAST),
        pooling(
            "{\"pooling_mode_lasttoken\": true, \"pooling_mode_max_tokens\": true,"
                + " \"pooling_mode_cls_token\": true}"));
    assertEquals(List.of(Pooling.CLS), pooling("{\"pooling_mode\": \"cls\"}"));
    assertEquals(
        List.of(Pooling.MEAN, Pooling.CLS), pooling("{\"pooling_mode\": [\"mean\", \"cls\"]}"));
    assertThrows(
        UnsupportedModelException.class, () -> pooling("{\"pooling_mode\": \"weightedmean\"}"));
    assertThrows(
        UnsupportedModelException.class,
        () -> pooling("{\"pooling_mode_weightedmean_tokens\": true}"));
  }

  private List<Pooling> pooling(String config) throws IOException {
    modules("sentence_transformers.models.Transformer", "0_Transformer");
    Files.createDirectories(folder.resolve("1_Pooling"));
    Files.writeString(folder.resolve("1_Pooling/config.json"), config);
    SentenceSettings.Located located = SentenceSettings.read(folder);
    assertEquals(folder.resolve("0_Transformer"), located.transformer());
    assertFalse(located.settings().normalise());
    assertEquals(0, located.settings().maxTokens());
    return located.settings().pooling();
  }

  private void modules(String type, String path) throws IOException {
    Files.writeString(
        folder.resolve("modules.json"),
        """
        [{"idx": 0, "name": "0", "path": "%s", "type": "%s"},
         {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
        """
            .formatted(path, type));
  }

  @Test
  void otherModulesAndFoldersOutsideAreRefused() throws IOException {
    modules("sentence_transformers.models.Dense", "2_Dense");
    UnsupportedModelException dense =
        assertThrows(UnsupportedModelException.class, () -> SentenceSettings.read(folder));
    assertTrue(dense.getMessage().contains("Dense"), dense.getMessage());
    modules("sentence_transformers.models.Transformer", "../elsewhere");
    assertThrows(WeightFileException.class, () -> SentenceSettings.read(folder));
  }

  @Test
  void aClosedModelGivesNothing() {
    Model model = Models.open(FIXTURES.resolve("bert"));
    model.close();
    model.close();
    assertThrows(IllegalStateException.class, model::tokenizer);
    assertThrows(IllegalStateException.class, model::graph);
  }
}
