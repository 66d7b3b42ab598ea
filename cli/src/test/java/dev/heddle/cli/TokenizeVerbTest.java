package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts to ids and back. */
class TokenizeVerbTest {
  private static final String ROBERTA = "--model=" + TestData.model("roberta");

  @TempDir private Path folder;

  /** What Hugging Face's library computed. */
  private static JsonNode cases() throws IOException {
    Path file = Path.of(TestData.model("roberta")).resolve("tokenizer_cases.json");
    return new ObjectMapper().readTree(file.toFile()).get("single");
  }

  private static String ids(JsonNode ids) {
    return ids.valueStream().map(JsonNode::asText).toList().toString();
  }

  @Test
  void aFileOfTextsBecomesAFileOfIdsAndTextsAgain() throws IOException {
    StringBuilder texts = new StringBuilder();
    StringBuilder ids = new StringBuilder();
    StringBuilder bare = new StringBuilder();
    StringBuilder decoded = new StringBuilder();
    for (JsonNode each : cases()) {
      texts.append(each.get("text")).append('\n');
      ids.append(ids(each.get("ids"))).append('\n');
      bare.append(ids(each.get("ids_without_special"))).append('\n');
      decoded.append(each.get("decoded_with_special")).append('\n');
    }
    Path file = Files.writeString(folder.resolve("texts.jsonl"), texts);
    assertEquals(ids.toString(), Heddle.output("tokenize", ROBERTA, "--jsonl=" + file));
    assertEquals(
        bare.toString(), Heddle.output("tokenize", ROBERTA, "--no-special", "--jsonl=" + file));
    Path back = Files.writeString(folder.resolve("ids.jsonl"), ids);
    assertEquals(decoded.toString(), Heddle.output("detokenize", ROBERTA, "--jsonl=" + back));
  }

  @Test
  void textsOnTheCommandLineHaveALineEach() throws IOException {
    List<String> lines =
        Heddle.output("tokenize", ROBERTA, "hear me speak", "", "@file").lines().toList();
    assertEquals(3, lines.size());
    assertEquals("[0, 2]", lines.get(1));
    String ids = lines.getFirst();
    assertEquals("<s>hear me speak</s>\n", Heddle.output("detokenize", ROBERTA, ids));
    String[] plain = {
      "detokenize", ROBERTA, "--no-special", ids.substring(1, ids.length() - 1).replace(" ", "")
    };
    assertEquals("hear me speak\n", Heddle.output(plain));
    assertEquals("\n", Heddle.output("detokenize", ROBERTA, "[]"));
  }

  @Test
  void aGgufFileServesWhateverItsArchitecture() {
    String model = "--model=../transformer/src/test/fuzz/gguf-vocabulary/valid-llama.gguf";
    assertEquals("[1, 10, 3]\n", Heddle.output("tokenize", model, "ab\n"));
    assertEquals("[10]\n", Heddle.output("tokenize", model, "--no-special", "ab"));
    assertEquals("ab\n", Heddle.output("detokenize", model, "--no-special", "1,10"));
  }

  @Test
  void aTokenizerCanLieElsewhere() {
    String tokenizer = "../transformer/src/test/fuzz/llama2c-vocabulary/valid.bin";
    String ids = Heddle.output("tokenize", ROBERTA, "--tokenizer=" + tokenizer, "ab");
    assertEquals("[1, 9]\n", ids);
    Heddle.refuses(new String[] {"tokenize", "--model=" + tokenizer, "a"}, "intermediate size");
    String json = TestData.model("bert") + "/tokenizer.json";
    assertTrue(Heddle.output("tokenize", ROBERTA, "--tokenizer=" + json, "").startsWith("[2, 3]"));
  }

  @Test
  void whatIsNoInputIsRefusedWithItsLine() throws IOException {
    String nothing = folder.resolve("none").toString();
    Heddle.refuses(new String[] {"tokenize", ROBERTA}, "TEXT", "--jsonl FILE");
    Heddle.refuses(new String[] {"tokenize", ROBERTA, "a", "--jsonl=b"}, "both given");
    Heddle.refuses(new String[] {"tokenize", ROBERTA, "--jsonl=" + nothing}, nothing, "no such");
    Heddle.refuses(new String[] {"tokenize", "--model=" + nothing, "a"}, nothing, "no such path");
    Heddle.refuses(new String[] {"tokenize", "--model=" + folder, "a"}, "no tokenizer.json");
    Heddle.refuses(new String[] {"detokenize", ROBERTA, "1,x"}, "\"x\"", "1,15043");
    Heddle.refuses(new String[] {"detokenize", ROBERTA}, "IDS", "--jsonl FILE");
    Path file = folder.resolve("lines.jsonl");
    for (String line : List.of("", "{", "\"a\" \"b\"", "12", "null")) {
      Files.writeString(file, line + "\n");
      Heddle.refuses(new String[] {"tokenize", ROBERTA, "--jsonl=" + file}, "line 1 is no");
    }
    for (String line : List.of("12", "[-1]", "[1.5]", "[4294967296]", "[\"a\"]")) {
      Files.writeString(file, line + "\n");
      Heddle.refuses(new String[] {"detokenize", ROBERTA, "--jsonl=" + file}, "line 1", "token id");
    }
    Files.write(file, new byte[] {'"', (byte) 0xff, '"'});
    Heddle.refuses(new String[] {"tokenize", ROBERTA, "--jsonl=" + file}, "not UTF-8");
  }
}
