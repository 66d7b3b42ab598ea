package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateVerbTest {
  private static final String MODEL = TestData.model("gpt2");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private static JsonNode generate(String... args) throws IOException {
    String[] all = new String[args.length + 4];
    System.arraycopy(new String[] {"generate", "--model", MODEL, "--json"}, 0, all, 0, 4);
    System.arraycopy(args, 0, all, 4, args.length);
    return JSON.readTree(Heddle.output(all));
  }

  @Test
  void everyCaseOfTheFixtureComesOutOfTheCommand() throws IOException {
    JsonNode cases = JSON.readTree(Path.of(MODEL, "cases.json").toFile()).get("cases");
    int compared = 0;
    try (var expected = Safetensors.open(Path.of(MODEL, "expected.safetensors"))) {
      for (JsonNode each : cases) {
        if (!each.get("kind").textValue().equals("generate")) {
          continue;
        }
        var options = (ObjectNode) each.get("options");
        options.set("eos_token_id", each.get("eos_token_id"));
        int[] prompt = expected.tensor(each.get("name").textValue() + ".input_ids").toInts();
        String ids = Arrays.toString(prompt);
        JsonNode found = generate("--ids", ids, "--generation-config", options.toString());
        for (int i = 0; i < each.get("new_ids").size(); i++) {
          JsonNode sequence = found.get("sequences").get(i);
          assertEquals(each.get("new_ids").get(i), sequence.get("ids"), each.get("name").asText());
          assertEquals(
              each.has("sequence_scores"), sequence.get("score").isNumber(), sequence.toString());
        }
        compared++;
      }
    }
    assertTrue(compared >= 2, "only " + compared + " cases");
  }

  @Test
  void optionsOverrideTheModelsAndAFileSaysTheSame() throws IOException {
    String[] drawn = {"--ids=5,6,7", "--max-new-tokens=6", "--temperature=0.9", "--seed=11"};
    JsonNode first = generate(drawn);
    assertEquals(11, first.get("seed").intValue());
    assertEquals(first.get("sequences"), generate(drawn).get("sequences"));
    Path config = folder.resolve("config.json");
    Files.writeString(
        config, "{\"do_sample\": true, \"temperature\": 0.9, \"max_new_tokens\": 6, \"seed\": 11}");
    assertEquals(
        first.get("sequences"),
        generate("--ids=5,6,7", "--generation-config", config.toString()).get("sequences"));
    JsonNode greedy = generate("--ids=5,6,7", "--max-new-tokens=6", "--temperature=0");
    assertTrue(greedy.get("seed").isNull());
    assertEquals("length", greedy.get("sequences").get(0).get("stopped").textValue());
  }

  @Test
  void textGoesToStandardOutputAndTheRestToStandardError() {
    Heddle run =
        Heddle.run(
            "generate",
            "--model=shakespeare-llama",
            "--prompt=First Citizen:\nBefore we proceed any further, hear me speak.\n\n",
            "--temperature=0",
            "--max-new-tokens=8");
    assertEquals(ExitCode.OK, run.code(), run.err());
    assertEquals("First Citizen:\nI" + System.lineSeparator(), run.out());
    assertTrue(run.err().contains("ended by length; the most likely token each"), run.err());
  }

  @Test
  void whatCannotBeContinuedIsRefused() {
    String model = "--model=" + MODEL;
    refuses("nothing to continue", model);
    refuses("more than one of", model, "--prompt=a", "--ids=1");
    refuses("\"x\" is no token id", model, "--ids=1,x");
    refuses("the prompt has no tokens", model, "--ids=");
    refuses("id 400 at position 1 of the prompt; gpt2 has 0 to 399", model, "--ids=1,400");
    refuses("id -1 at position 0", model, "--ids=-1");
    refuses("the prompt has 600 tokens", model, "--ids=" + "1,".repeat(599) + "1");
    refuses("--cache-type q4: expected auto", model, "--ids=1", "--cache-type=q4");
    refuses("multiple of 32", model, "--ids=1", "--cache-type=q8_0");
    refuses("top_k is -1; expected 0 (off) or more", model, "--ids=1", "--top-k=-1");
    refuses("top_p is 1.5; expected", model, "--ids=1", "--top-p=1.5");
    refuses("temperature is -1.0; expected", model, "--ids=1", "--temperature=-1");
    refuses("no option \"topk\"", model, "--ids=1", "--generation-config={\"topk\": 1}");
    refuses("none.json: there is no such file", model, "--ids=1", "--generation-config=none.json");
    refuses("expected a decoder", "--model=sentiment-bert", "--prompt=a");
  }

  private static void refuses(String message, String... args) {
    String[] all = new String[args.length + 1];
    all[0] = "generate";
    System.arraycopy(args, 0, all, 1, args.length);
    Heddle.refuses(all, message);
  }
}
