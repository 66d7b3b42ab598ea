package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.HeddleException;
import dev.heddle.fixture.CaseResult;
import dev.heddle.fixture.CaseResult.Status;
import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import dev.heddle.weights.GgmlType;
import dev.heddle.weights.GgufFile;
import dev.heddle.weights.WeightFile;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models in GGUF files compute what they do in the files that they were made of. */
class GgufModelsTest {
  private static final Path COMMITTED = Path.of("src/test/data/hf");
  private static final Path SHARED =
      Path.of(System.getProperty("heddle.root"), "..", "shared", "fixtures", "hf");

  @TempDir private Path folder;

  static Stream<Path> fixtures() {
    List<String> names =
        List.of(
            "llama",
            "llama3",
            "llama-linear",
            "llama-yarn",
            "mistral",
            "mixtral",
            "qwen2",
            "qwen3",
            "gemma2",
            "gemma3",
            "phi3",
            "gpt2",
            "gpt-neox",
            "bloom");
    return names.stream()
        .flatMap(name -> Stream.of(COMMITTED, SHARED).map(root -> root.resolve(name)))
        .filter(Files::isDirectory);
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aConvertedModelComputesTheSame(Path fixture) throws IOException {
    GgufConversion.of(fixture, true).write(at(fixture).resolve("model.gguf"));
    assertPassed(6);
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void anExportedModelComputesTheSame(Path fixture) throws IOException {
    if (fixture.getFileName().toString().startsWith("gemma")) {
      // Its queries are scaled as no published model's are, for which GGUF has no key.
      return;
    }
    try (WeightFile weights = WeightFile.open(fixture)) {
      GgufExport.write(fixture, weights, at(fixture).resolve("model.gguf"), null);
    }
    assertPassed(6);
  }

  @Test
  void expertsMayBeTensorsOfTheirOwnAndTheFileSplit() throws IOException {
    Path fixture = SHARED.resolve("mixtral");
    if (Files.isDirectory(fixture)) {
      GgufConversion.of(fixture, false).write(at(fixture), "model", 3);
      assertPassed(6);
    }
    Path gpt2 = COMMITTED.resolve("gpt2");
    Path first = GgufConversion.of(gpt2, true).write(at(gpt2), "small", 3);
    try (Model model = Models.open(first)) {
      assertEquals("gpt2", model.network().family());
      assertEquals(List.of(0), model.generationOptions().eosTokenIds());
      assertEquals(64, model.network().contextLength());
    }
  }

  /** A folder with the cases of {@code fixture} that tell most. */
  private Path at(Path fixture) throws IOException {
    Path own = Files.createDirectories(folder.resolve("hf").resolve(fixture.getFileName()));
    ObjectMapper json = new ObjectMapper();
    ObjectNode cases = (ObjectNode) json.readTree(fixture.resolve("cases.json").toFile());
    List<JsonNode> kept = new ArrayList<>();
    for (JsonNode each : cases.get("cases")) {
      String name = each.get("name").textValue();
      if (each.get("kind").textValue().equals("forward") || name.equals("greedy")) {
        kept.add(each);
      }
    }
    cases.putArray("cases").addAll(kept);
    json.writeValue(own.resolve("cases.json").toFile(), cases);
    Files.copy(fixture.resolve("expected.safetensors"), own.resolve("expected.safetensors"));
    return own;
  }

  private void assertPassed(int atMost) throws IOException {
    List<CaseResult> results = new ArrayList<>();
    new Fixtures(new Target(null, BackendOptions.DEFAULT), results::add, note -> {}).run(folder);
    assertTrue(results.size() >= 4 && results.size() <= atMost, results.toString());
    for (CaseResult result : results) {
      assertEquals(Status.PASSED, result.status(), result.toString());
    }
  }

  @Test
  void whatCannotRunIsRefusedWhileTheFileIsOpened() throws IOException {
    Path path = folder.resolve("model.gguf");
    float[] none = {};
    gpt2().put("general.architecture", "mamba").write(path);
    refused(UnsupportedModelException.class, path, "\"general.architecture\": is \"mamba\"");
    gpt2().put("general.architecture", 7).write(path);
    refused(WeightFileException.class, path, "general.architecture");
    gpt2()
        .remove("blk.1.ffn_up.weight")
        .tensor("blk.1.ffn_up.weight", GgmlType.Q8_1, none, 192, 64)
        .write(path);
    refused(UnsupportedModelException.class, path, "\"blk.1.ffn_up.weight\" is Q8_1");
    gpt2().put("gpt2.embedding_length", 0).write(path);
    refused(WeightFileException.class, path, "\"gpt2.embedding_length\": is 0");
    gpt2().put("gpt2.block_count", Integer.MAX_VALUE).write(path);
    refused(WeightFileException.class, path, "\"gpt2.block_count\": is 2147483647");
    gpt2().put("gpt2.attention.head_count", 5).write(path);
    refused(ModelException.class, path, "48 is no multiple of");
    gpt2().put("gpt2.attention.head_count", List.of(4, 4, 2)).write(path);
    refused(UnsupportedModelException.class, path, "\"gpt2.attention.head_count\"");
    byte[] bytes = Files.readAllBytes(gpt2().write(path));
    Files.write(path, Arrays.copyOf(bytes, bytes.length - 64));
    refused(WeightFileException.class, path, "the file has");
  }

  @Test
  void tensorsThatAreMissingOrOfAnotherShapeAreNamed() throws IOException {
    Path path = folder.resolve("model.gguf");
    gpt2().remove("blk.1.ffn_up.bias").write(path);
    String missing = graphRefused(WeightFileException.class, path);
    assertTrue(missing.contains("\"blk.1.ffn_up.bias\""), missing);
    gpt2()
        .remove("blk.1.ffn_up.bias")
        .tensor("blk.1.ffn_up.bias", GgmlType.F32, new float[48], 48)
        .write(path);
    String shape = graphRefused(ModelException.class, path);
    assertTrue(shape.contains("\"blk.1.ffn_up.bias\" is [48]"), shape);
    assertTrue(shape.contains("[4 * hidden=192]") || shape.contains("192"), shape);
  }

  private static GgufFile gpt2() {
    return GgufConversion.of(COMMITTED.resolve("gpt2"), true);
  }

  private static void refused(Class<? extends HeddleException> type, Path path, String reason) {
    HeddleException e = assertThrows(type, () -> Models.open(path).close());
    assertTrue(e.getMessage().contains(reason), e.getMessage());
    assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
  }

  private static String graphRefused(Class<? extends HeddleException> type, Path path) {
    try (Model model = Models.open(path)) {
      return assertThrows(type, model::graph).getMessage();
    }
  }
}
