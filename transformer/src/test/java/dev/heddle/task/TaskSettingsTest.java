package dev.heddle.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A T5 is told its task before the text, in the words of its configuration where it has some. */
class TaskSettingsTest {
  private static final Path T5 = Path.of("src/test/data/hf/t5");
  private static final String TEXT = "the loom is warm";

  @TempDir private Path folder;

  @BeforeEach
  void aModelThatSaysHowItIsAsked() throws IOException {
    for (String file : List.of("model.safetensors", "tokenizer.json", "generation_config.json")) {
      Files.copy(T5.resolve(file), folder.resolve(file));
    }
    JsonMapper json = new JsonMapper();
    ObjectNode config = (ObjectNode) json.readTree(T5.resolve("config.json").toFile());
    ObjectNode tasks = config.putObject("task_specific_params");
    tasks.putObject("summarization").put("prefix", "in short: ").put("max_length", 9);
    tasks.putObject("translation_en_to_de").put("prefix", "auf Deutsch: ").put("num_beams", 3);
    json.writeValue(folder.resolve("config.json").toFile(), config);
  }

  private static void assertWrites(Model model, String whole, GenerationOptions with, int[] ids) {
    try (Generator generator = Generator.builder(model).backend("cpu").build()) {
      int[] source = model.tokenizer().encode(whole).ids();
      assertArrayEquals(generator.generate(source, with).first().ids(), ids);
    }
  }

  @Test
  void itsConfigurationSaysHowItIsAskedAndHowItSearches() {
    try (Model model = Models.open(folder.toString());
        Summarizer summarizer = Summarizer.of(model, TaskOptions.DEFAULT);
        Translator translator = Translator.of(model, TaskOptions.DEFAULT)) {
      assertEquals(9, summarizer.options().maxLength().orElseThrow());
      int[] ids = summarizer.summarize(TEXT, summarizer.options()).first().ids();
      assertWrites(model, "in short: " + TEXT, summarizer.options(), ids);
      GenerationOptions german = translator.options("en", "de");
      assertEquals(3, german.numBeams());
      ids = translator.translate(TEXT, "en", "de", german).first().ids();
      assertWrites(model, "auf Deutsch: " + TEXT, german, ids);
    }
  }

  @Test
  void elseItIsAskedAsItsMakersTrainedIt() {
    try (Model model = Models.open(T5.toString());
        Summarizer summarizer = Summarizer.of(model, TaskOptions.DEFAULT);
        Translator translator = Translator.of(model, TaskOptions.DEFAULT)) {
      GenerationOptions few = summarizer.options().toBuilder().maxNewTokens(8).build();
      int[] ids = summarizer.summarize(TEXT, few).first().ids();
      assertWrites(model, "summarize: " + TEXT, few, ids);
      ids = translator.translate(TEXT, "en", "French", few).first().ids();
      assertWrites(model, "translate English to French: " + TEXT, few, ids);
      assertThrows(InvalidInputException.class, () -> translator.translate(TEXT, null, "de", few));
    }
  }
}
