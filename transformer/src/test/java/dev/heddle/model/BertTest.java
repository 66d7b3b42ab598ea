package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.backend.Backend;
import dev.heddle.backend.HeddleException;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Safetensors;
import dev.heddle.weights.SafetensorsWriter;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Spellings and refusals; the numbers are the fixtures'. */
class BertTest {
  private static final Path FIXTURES = Path.of("src/test/data/hf");
  private static final int[] IDS = {2, 17, 99, 340, 3};

  @TempDir private Path folder;

  /** A fixture with another configuration. */
  private Architecture config(String fixture, Consumer<ObjectNode> change) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode config =
        (ObjectNode) json.readTree(FIXTURES.resolve(fixture).resolve("config.json").toFile());
    change.accept(config);
    Path file = folder.resolve("config.json");
    Files.writeString(file, config.toString());
    return Architectures.read(JsonFields.read(file));
  }

  /** A fixture with other names of its tensors; null leaves one out. */
  private Model renamed(String fixture, UnaryOperator<String> rename) throws IOException {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    try (Safetensors from =
        Safetensors.open(FIXTURES.resolve(fixture).resolve("model.safetensors"))) {
      for (String name : from.names()) {
        if (rename.apply(name) != null) {
          tensors.put(rename.apply(name), from.tensor(name));
        }
      }
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
    }
    Files.copy(FIXTURES.resolve(fixture).resolve("config.json"), folder.resolve("config.json"));
    return Models.open(folder);
  }

  private static Map<String, HostTensor> trace(Model model, int... ids) {
    try (Backend backend = new ReferenceBackend();
        model;
        Trace trace = Trace.of(model, backend)) {
      return trace.run(ids, null);
    }
  }

  @Test
  void prefixesAndOldNamesMeanTheSameTensors() throws IOException {
    float[] expected =
        trace(Models.open(FIXTURES.resolve("bert")), IDS).get("last_hidden_state").toFloats();
    Model spelled =
        renamed(
            "bert",
            name ->
                "bert."
                    + name.replace("LayerNorm.weight", "LayerNorm.gamma")
                        .replace("LayerNorm.bias", "LayerNorm.beta"));
    Map<String, HostTensor> actual = trace(spelled, IDS);
    assertArrayEquals(expected, actual.get("last_hidden_state").toFloats());
    assertTrue(actual.containsKey("pooler_output"));
  }

  @Test
  void aCheckpointWithoutPoolerHasNoPoolerOutput() throws IOException {
    Model model = renamed("bert", name -> name.startsWith("pooler") ? null : name);
    assertFalse(trace(model, IDS).containsKey("pooler_output"));
  }

  @Test
  void robertaCountsPositionsFromBeyondThePaddingToken() throws IOException {
    Encoder roberta = (Encoder) config("roberta", config -> {});
    assertArrayEquals(new int[] {2, 3, 1, 4, 1}, roberta.positions(new int[] {0, 50, 1, 60, 1}));
    assertEquals(64, roberta.contextLength());
    for (String alias : new String[] {"xlm-roberta", "camembert"}) {
      Encoder other = (Encoder) config("roberta", config -> config.put("model_type", alias));
      assertArrayEquals(new int[] {2, 1, 3}, other.positions(new int[] {0, 1, 7}));
      assertEquals(alias, other.family());
    }
    Encoder bert = (Encoder) config("bert", config -> {});
    assertArrayEquals(new int[] {0, 1, 2}, bert.positions(new int[] {5, 0, 0}));
  }

  @Test
  void aMissingTensorIsNamed() throws IOException {
    String gone = "encoder.layer.1.output.dense.weight";
    Model model = renamed("bert", name -> name.equals(gone) ? null : name);
    HeddleException e = assertThrows(WeightFileException.class, () -> trace(model, IDS));
    assertTrue(e.getMessage().contains("tensor \"" + gone + "\": is missing"), e.getMessage());
  }

  @Test
  void aWrongShapeSaysWhatTheConfigurationStates() throws IOException {
    Architecture architecture = config("bert", config -> config.put("intermediate_size", 100));
    Path file = FIXTURES.resolve("bert/model.safetensors");
    try (Safetensors weights = Safetensors.open(file);
        Model model =
            new Model(
                "bert",
                new Model.Checkpoint(architecture, weights),
                null,
                null,
                GenerationOptions.DEFAULT,
                Optional::empty,
                HeadSettings.NONE,
                Map::of)) {
      ModelException e = assertThrows(ModelException.class, model::graph);
      assertEquals(
          file
              + ": tensor \"encoder.layer.0.intermediate.dense.weight\" is [104, 48]; bert expects"
              + " [intermediate=100, hidden=48]. config.json says intermediate_size=100,"
              + " hidden_size=48.",
          e.getMessage());
    }
  }

  @Test
  void modelsOfOtherKindsAreRefusedWithWhatThereIs() {
    assertRefused(
        config -> config.put("model_type", "falcon"), "\"falcon\"; expected one of bert,");
    assertRefused(
        config -> config.put("hidden_act", "laplace"), "\"laplace\"; expected one of gelu");
    assertRefused(config -> config.put("is_decoder", true), "\"is_decoder\" is true");
    assertRefused(config -> config.put("position_embedding_type", "relative_key"), "relative_key");
  }

  private void assertRefused(Consumer<ObjectNode> change, String words) {
    UnsupportedModelException e =
        assertThrows(UnsupportedModelException.class, () -> config("bert", change));
    assertTrue(e.getMessage().startsWith(folder.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    ModelException heads =
        assertThrows(
            ModelException.class, () -> config("bert", c -> c.put("num_attention_heads", 5)));
    assertTrue(heads.getMessage().contains("hidden_size=48 is no multiple of"));
    assertThrows(
        WeightFileException.class, () -> config("bert", c -> c.put("num_hidden_layers", -1)));
    assertThrows(WeightFileException.class, () -> config("bert", c -> c.remove("vocab_size")));
  }

  @Test
  void idsThatTheModelCannotTakeAreRefused() {
    try (Backend backend = new ReferenceBackend();
        Model model = Models.open(FIXTURES.resolve("distilbert"));
        Trace trace = Trace.of(model, backend)) {
      InvalidInputException id =
          assertThrows(InvalidInputException.class, () -> trace.run(new int[] {7, 400}, null));
      assertEquals("id 400 at position 1; distilbert has 0 to 399", id.getMessage());
      assertThrows(InvalidInputException.class, () -> trace.run(new int[] {-1}, null));
      assertThrows(InvalidInputException.class, () -> trace.run(new int[0], null));
      assertThrows(InvalidInputException.class, () -> trace.run(new int[65], null));
      InvalidInputException types =
          assertThrows(InvalidInputException.class, () -> trace.run(IDS, new int[5]));
      assertTrue(types.getMessage().contains("has no token types"));
    }
  }
}
