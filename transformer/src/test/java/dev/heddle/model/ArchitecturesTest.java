package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.HeddleException;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.Safetensors;
import dev.heddle.weights.SafetensorsWriter;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configurations and checkpoints as they are found, not as they should be. */
class ArchitecturesTest {
  private static final Path GPT2 = Path.of("src/test/data/hf/gpt2");
  private static final int[] IDS = {5, 17, 3};

  @TempDir private Path folder;

  @Test
  void anUnknownTypeWithGpt2sFieldsIsAGpt2() throws IOException {
    float[] usual = logits(config -> {}, tensors -> {});
    float[] other =
        logits(
            config -> {
              config.put("model_type", "gpt-mine");
              config.set("block_size", config.remove("n_positions"));
            },
            ArchitecturesTest::outFirst);
    assertArrayEquals(usual, other);
    String refused =
        refusal(
            UnsupportedModelException.class,
            config -> config.put("model_type", "gptj").put("rotary_dim", 8),
            tensors -> {});
    assertTrue(refused.contains("\"model_type\": is \"gptj\""), refused);
  }

  /** As {@code nn.Linear} has its matrices. */
  private static void outFirst(Map<String, HostTensor> tensors) {
    tensors.replaceAll((name, tensor) -> {
      if (tensor.shape().rank() < 2 || !name.contains("h.")) {
        return tensor;
      }
      int rows = (int) tensor.shape().dim(0);
      int columns = (int) tensor.shape().dim(1);
      float[] values = tensor.toFloats();
      float[] turned = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        turned[i % columns * rows + i / columns] = values[i];
      }
      return HostTensor.of(turned, columns, rows);
    });
  }

  @Test
  void anOwnOutputMatrixCountsAndTheEmbeddingsStandInForItOnlyWhereTied() throws IOException {
    float[] usual = logits(config -> {}, tensors -> {});
    float[] prefixed =
        logits(
            config -> {},
            tensors -> {
              Map<String, HostTensor> old = new LinkedHashMap<>(tensors);
              tensors.clear();
              old.forEach((name, tensor) -> tensors.put("transformer." + name, tensor));
            });
    assertArrayEquals(usual, prefixed);
    float[] own =
        logits(config -> config.put("tie_word_embeddings", true), ArchitecturesTest::doubledHead);
    for (int i = 0; i < usual.length; i++) {
      assertEquals(2 * usual[i], own[i]);
    }
    String missing =
        refusal(
            WeightFileException.class,
            config -> config.put("tie_word_embeddings", false),
            tensors -> {});
    assertTrue(missing.contains("tensor \"lm_head.weight\": is missing"), missing);
  }

  private static void doubledHead(Map<String, HostTensor> tensors) {
    HostTensor embeddings = tensors.get("wte.weight");
    float[] doubled = embeddings.toFloats();
    for (int i = 0; i < doubled.length; i++) {
      doubled[i] *= 2;
    }
    tensors.put("lm_head.weight", HostTensor.of(doubled, embeddings.shape().toArray()));
  }

  @Test
  void whatContradictsTheConfigurationIsRefusedByName() throws IOException {
    String shape =
        refusal(ModelException.class, config -> config.put("n_positions", 32), tensors -> {});
    assertTrue(shape.contains("\"wpe.weight\" is [64, 48]"), shape);
    assertTrue(shape.contains("n_positions=32"), shape);
    String heads = refusal(ModelException.class, config -> config.put("n_head", 7), tensors -> {});
    assertTrue(heads.contains("n_embd=48 is no multiple of n_head=7"), heads);
    String layers =
        refusal(WeightFileException.class, config -> config.put("n_layer", 4), tensors -> {});
    assertTrue(layers.contains("\"h.3.ln_1.weight\": is missing"), layers);
    String type =
        refusal(WeightFileException.class, config -> config.put("n_layer", "3"), tensors -> {});
    assertTrue(type.contains("\"n_layer\": is \"3\""), type);
  }

  private <T extends HeddleException> String refusal(
      Class<T> type, Consumer<ObjectNode> config, Consumer<Map<String, HostTensor>> tensors)
      throws IOException {
    write(config, tensors);
    return assertThrows(
            type,
            () -> {
              try (Model model = Models.open(folder)) {
                model.graph();
              }
            })
        .getMessage();
  }

  private float[] logits(Consumer<ObjectNode> config, Consumer<Map<String, HostTensor>> tensors)
      throws IOException {
    write(config, tensors);
    try (Backend backend = new Backends().open("cpu", BackendOptions.DEFAULT).value();
        Model model = Models.open(folder);
        Trace trace = Trace.of(model, backend)) {
      return trace.run(IDS, null).get("logits").toFloats();
    }
  }

  /** The committed GPT-2 with some changes. */
  private void write(Consumer<ObjectNode> config, Consumer<Map<String, HostTensor>> tensors)
      throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode fields = (ObjectNode) json.readTree(GPT2.resolve("config.json").toFile());
    config.accept(fields);
    json.writeValue(folder.resolve("config.json").toFile(), fields);
    Map<String, HostTensor> changed = new LinkedHashMap<>();
    try (Safetensors weights = Safetensors.open(GPT2.resolve("model.safetensors"))) {
      weights.names().forEach(name -> changed.put(name, weights.tensor(name)));
      tensors.accept(changed);
      Files.deleteIfExists(folder.resolve("model.safetensors"));
      SafetensorsWriter.write(folder.resolve("model.safetensors"), changed);
    }
  }
}
