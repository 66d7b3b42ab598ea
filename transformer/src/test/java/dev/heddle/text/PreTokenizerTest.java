package dev.heddle.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.heddle.weights.InMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreTokenizerTest {
  private static final String TEXT = "I'll pay 12345 dollars\n\n ok";

  /** What the models' own tokenizers do with {@link #TEXT}; cuts are written as a bar. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "gpt-2,            I|'ll| pay| 12345| dollars|¶¶| ok",
        "mpt,              I|'ll| pay| 12345| dollars|¶¶| ok",
        "default,          I|'|ll| pay| |123|45| dollars|¶¶| ok",
        "llama-bpe,        I|'ll| pay| |123|45| dollars|¶¶| ok",
        "dbrx,             I|'ll| pay| |123|45| dollars|¶¶| ok",
        "qwen2,            I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "qwen35,           I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "stablelm2,        I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "starcoder,        I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "command-r,        I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "falcon,           I|'|ll| pay| |123|45| dollars|¶¶| ok",
        "deepseek-llm,     I|'|ll| pay| |12345| dollars|¶|¶| ok",
        "deepseek-coder,   I|'|ll| pay| |1|2|3|4|5| dollars|¶|¶| ok",
        "deepseek-v3,      I|'ll| pay| |123|45| dollars|¶¶| ok",
        "tekken,           I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "gpt-4o,           I'll| pay| |123|45| dollars|¶¶| ok",
        "kimi-k2,          I'll| pay| |123|45| dollars|¶¶| ok",
        "bloom,            I'll| pay| 12345| dollars|¶¶| ok",
        "viking,           I'll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "superbpe,         I'll pay |12|345| dollars¶¶ ok",
        "chameleon,        I|'|ll| pay| |1|2|3|4|5| dollars|¶|¶| ok",
        "tiny_aya,         I'll| pay| |12|345| dollars|¶¶| ok",
        "laguna,           I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "jais-2,           I|'ll| pay| |123|45| dollars|¶¶| ok",
        "minicpm5,         I|'ll| pay| |123|45| dollars|¶¶| ok",
        "bailingmoe,       I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "seed-coder,       I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "exaone-moe,       I|'ll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "youtu,            I'll| pay| |1|2|3|4|5| dollars|¶¶| ok",
        "spark2_5,         I|'ll| pay| |1|2|3|4|5| dollars|¶|¶| ok"
      })
  void textsAreCutAsTheModelsTokenizersCut(String name, String cuts) {
    assertEquals(Arrays.asList(cuts.replace('¶', '\n').split("\\|")), cuts(name, TEXT));
  }

  @Test
  void scriptsAreCutWhereTheModelsWantIt() {
    String text = "ÀéЖ我想apple、工作 ΩK";
    assertEquals(List.of(text.substring(0, 10), "、", "工作", " ΩK"), cuts("gpt-2", text));
    // Its signs are all from : to ~, and so cut what its letters have left whole.
    assertEquals(List.of("ÀéЖ", "我想", "apple", "、", "工作", " Ω", "K"), cuts("deepseek-llm", text));
    // An upper-case letter begins a word.
    assertEquals(List.of("Àé", "Ж", "我想", "apple", "、", "工作", " ΩK"), cuts("kimi-k2", text));
    // The signs for ohm and kelvin are letters of their own, and nothing between is.
    assertEquals(List.of("\u2126\u212a", "ก"), cuts("deepseek-llm", "\u2126\u212aก"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "phi-2",
        "jina-v2-code",
        "roberta-bpe",
        "modern-bert",
        "exaone4",
        "jais",
        "olmo",
        "pixtral",
        "smaug-bpe",
        "chatglm-bpe",
        "deepseek-r1-qwen",
        "megrez",
        "hunyuan",
        "grok-2",
        "refact",
        "smollm",
        "codeshell",
        "minerva-7b",
        "joyai-llm",
        "hunyuan-dense",
        "llama4",
        "minimax-m2",
        "granite-embed-multi-97m",
        "poro-chat",
        "gpt3-finnish",
        "llada-moe",
        "solar-open"
      })
  void everyTextComesBackWhereverItIsCut(String name) {
    assertEquals(TEXT, String.join("", cuts(name, TEXT)));
  }

  @Test
  void aFormThatTheModelComposesIsComposed() {
    try (Tokenizer composing = VocabularyFile.ofBytes("qwen2").merges().read().tokenizer();
        Tokenizer plain = VocabularyFile.ofBytes("llama4").merges().read().tokenizer()) {
      assertArrayEquals(composing.encode("é").ids(), composing.encode("e\u0301").ids());
      assertEquals("e\u0301", plain.decode(plain.encode("e\u0301").ids(), true));
    }
  }

  @Test
  void aWholePieceThatIsATokenNeedsNoMergesWhereTheModelSaysSo() {
    for (String name : List.of("llama-bpe", "gpt-2")) {
      try (Tokenizer tokenizer =
          VocabularyFile.ofBytes(name, "Ġwarp").merges().id("bos_token_id", 0).read().tokenizer()) {
        assertEquals(name.equals("gpt-2") ? 5 : 1, tokenizer.encode(" warp", false).size(), name);
      }
    }
  }

  @Test
  void anUnknownNameIsRefused() {
    TokenizerException refused =
        assertThrows(
            TokenizerException.class, () -> VocabularyFile.ofBytes("loom").merges().read());
    assertTrue(refused.getMessage().contains("\"loom\""), refused.getMessage());
    assertTrue(refused.getMessage().startsWith("model.gguf: "), refused.getMessage());
  }

  /** A vocabulary of bytes alone; the library numbers what it cut. */
  private static List<String> cuts(String name, String text) {
    TokenizersLibrary library = NativeTokenizers.library();
    byte[] file = VocabularyFile.ofBytes(name).merges().id("bos_token_id", 0).bytes();
    String json =
        VocabularyJson.write(GgufVocabulary.of("a test", InMemory.metadata(file)).vocabulary());
    long tokenizer = library.createTokenizerFromString(json);
    long encoding = library.encode(tokenizer, text, false);
    long[] ids = library.getTokenIds(encoding);
    long[] words = library.getWordIds(encoding);
    List<String> cuts = new ArrayList<>();
    for (int start = 0, end = 0; start < ids.length; start = end) {
      while (end < ids.length && words[end] == words[start]) {
        end++;
      }
      cuts.add(library.decode(tokenizer, Arrays.copyOfRange(ids, start, end), false));
    }
    library.deleteEncoding(encoding);
    library.deleteTokenizer(tokenizer);
    return cuts;
  }
}
