package dev.heddle.text;

import static dev.heddle.text.TokenKind.BYTE;
import static dev.heddle.text.TokenKind.CONTROL;
import static dev.heddle.text.TokenKind.NORMAL;
import static dev.heddle.text.TokenKind.UNKNOWN;
import static dev.heddle.text.TokenKind.USER_DEFINED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class GgufVocabularyTest {
  private static final String[] LLAMA = {
    "<unk>", "<s>", "</s>", "<0x0A>", "▁", "a", "b", "c", "ab", "▁ab", "abc", "<|user|>", "ß"
  };

  private static VocabularyFile llama() {
    return VocabularyFile.of("llama", LLAMA)
        .scores(0, 0, 0, 0, -10, -11, -12, -13, -1, -2, -3, 0, -14)
        .kinds(
            UNKNOWN,
            CONTROL,
            CONTROL,
            BYTE,
            NORMAL,
            NORMAL,
            NORMAL,
            NORMAL,
            NORMAL,
            NORMAL,
            NORMAL,
            USER_DEFINED,
            NORMAL);
  }

  private static VocabularyFile bert() {
    return VocabularyFile.of(
            "bert", "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁weav", "ing", "▁,", "▁straß")
        .id("unknown_token_id", 1)
        .id("cls_token_id", 2)
        .id("seperator_token_id", 3)
        .kinds(CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, NORMAL, NORMAL, NORMAL, NORMAL);
  }

  private static VocabularyFile t5(byte[] charsMap) {
    return VocabularyFile.of("t5", "<pad>", "</s>", "<unk>", "▁", "a", "▁a", "b", "ab", "▁ab")
        .scores(0, 0, 0, -2, -3, -2.5f, -3, -4, -4.5f)
        .kinds(CONTROL, CONTROL, UNKNOWN, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL)
        .flag("remove_extra_whitespaces", true)
        .flag("add_space_prefix", true)
        .charsMap(charsMap);
  }

  /** A trie with one way, from the letter A to the text at {@code value}; a unit is four bytes. */
  private static byte[] charsMap(int value, String texts) {
    int units = 512;
    byte[] after = texts.getBytes(StandardCharsets.UTF_8);
    ByteBuffer map =
        ByteBuffer.allocate(4 + 4 * units + after.length).order(ByteOrder.LITTLE_ENDIAN);
    map.putInt(4 * units);
    map.putInt(4, 256 << 10);
    map.putInt(4 + 4 * (256 ^ 'A'), 'A' | 1 << 8 | 1 << 10);
    map.putInt(4 + 4 * (256 ^ 'A' ^ 1), Integer.MIN_VALUE | value);
    map.put(4 + 4 * units, after);
    return map.array();
  }

  private static void with(VocabularyFile file, Consumer<Tokenizer> use) {
    try (Tokenizer tokenizer = file.read().tokenizer()) {
      use.accept(tokenizer);
    }
  }

  @Test
  void sentencePieceMergesTheBestPieceFirst() {
    with(
        llama(),
        tokenizer -> {
          assertEquals(List.of("<s>", "▁ab", "c"), tokenizer.encode("abc").tokens());
          assertArrayEquals(new int[] {4, 9, 7, 3}, tokenizer.encode(" abc\n", false).ids());
          assertArrayEquals(new int[] {4, 0, 10}, tokenizer.encode("éabc", false).ids());
          assertEquals("abc\n", tokenizer.decode(tokenizer.encode("abc\n").ids(), true));
          // A byte that has no token, and one that has.
          assertArrayEquals(new int[] {4, 0, 12}, tokenizer.encode("é\u00df", false).ids());
        });
  }

  @Test
  void tokensThatMeanSomethingAreFoundInATextAndASpaceFollowsThem() {
    with(
        llama(),
        tokenizer -> {
          assertArrayEquals(new int[] {1, 9, 11, 9, 2}, tokenizer.encode("ab<|user|>ab</s>").ids());
          // What the user defined is text; what controls is not.
          assertEquals("<|user|>", tokenizer.decode(new int[] {1, 11, 2}, true));
        });
  }

  @Test
  void flagsOfTheFileRule() {
    with(
        llama().flag("add_bos_token", false).flag("add_eos_token", true),
        tokenizer -> assertArrayEquals(new int[] {9, 2}, tokenizer.encode("ab").ids()));
    with(
        llama().flag("add_space_prefix", false),
        tokenizer -> {
          assertArrayEquals(new int[] {1, 8}, tokenizer.encode("ab").ids());
          assertEquals(" ab", tokenizer.decode(new int[] {9}, true));
        });
  }

  @Test
  void specialTokensAreThoseOfTheFileOrOfTheModelsKind() {
    GgufVocabulary plain = llama().read();
    assertEquals(OptionalInt.of(1), plain.special().bos());
    assertEquals(OptionalInt.of(0), plain.special().unknown());
    assertEquals(OptionalInt.empty(), plain.special().padding());
    assertEquals(List.of(2), plain.special().ends());
    GgufVocabulary other =
        llama()
            .id("eos_token_id", 11)
            .id("eot_token_id", 2)
            .id("padding_token_id", 9999)
            .chatTemplate("{{ messages }}")
            .read();
    assertEquals(List.of(11, 2), other.special().ends());
    assertEquals(OptionalInt.empty(), other.special().padding());
    assertEquals("{{ messages }}", other.chatTemplate().orElseThrow());
    assertEquals("<|user|>", other.token(11));
    assertEquals(LLAMA.length, other.size());
  }

  @Test
  void wordPiecesKeepTheirMeaningInTheOtherSpelling() {
    with(
        bert(),
        tokenizer -> {
          assertEquals(
              List.of("[CLS]", "weav", "##ing", ",", "[UNK]", "[SEP]"),
              tokenizer.encode("Wéaving, loom").tokens());
          assertEquals("weaving,", tokenizer.decode(new int[] {2, 5, 6, 7, 3}, true));
          assertArrayEquals(
              new int[] {0, 0, 0, 1, 1, 1}, tokenizer.encode("weav", ", ,", true).typeIds());
        });
    with(
        bert().flag("normalizer.lowercase", false),
        tokenizer ->
            assertEquals(List.of("[UNK]", "weav"), tokenizer.encode("Weav weav", false).tokens()));
  }

  @Test
  void unigramsAreTheLikeliestAfterTheirNormalisation() {
    with(
        t5(charsMap(0, "b\0")),
        tokenizer -> {
          assertEquals(List.of("▁ab", "</s>"), tokenizer.encode("  aA ").tokens());
          assertEquals(List.of("▁a", "▁ab", "b"), tokenizer.encode("a    abb", false).tokens());
          assertEquals(1, tokenizer.encode("   ").size());
        });
  }

  @Test
  void mergesOverSpacedTextServeGemma4() {
    with(
        VocabularyFile.of("gemma4", "<unk>", "<bos>", "▁", "a", "b", "▁a", "▁ab", "\n", "\n\n")
            .merges("▁ a", "▁a b", "\n \n")
            .kinds(UNKNOWN, CONTROL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, NORMAL)
            .id("unknown_token_id", 0)
            .id("bos_token_id", 1),
        tokenizer -> {
          int[] ids = tokenizer.encode("a ab\n\nb").ids();
          assertArrayEquals(new int[] {1, 3, 6, 8, 4}, ids);
          assertEquals("a ab\n\nb", tokenizer.decode(ids, true));
        });
  }

  @Test
  void whatContradictsItselfIsRefusedByFileAndKey() {
    refused(VocabularyFile.of("loom", "a"), "tokenizer.ggml.model", "\"loom\"", "gpt2");
    refused(new VocabularyFile(), "tokenizer.ggml.model", "missing");
    refused(new VocabularyFile().text("model", "llama"), "tokenizer.ggml.tokens", "missing");
    refused(VocabularyFile.of("llama"), "tokenizer.ggml.tokens", "empty");
    refused(VocabularyFile.of("llama", "a"), "tokenizer.ggml.scores", "missing");
    refused(VocabularyFile.of("llama", "a", "b", "a"), "\"a\"", "for 0 and for 2");
    refused(VocabularyFile.of("llama", "a", "b").scores(0), "1 elements", "2 tokens");
    refused(VocabularyFile.of("llama", "a").scores(Float.NaN), "NaN for token 0");
    refused(VocabularyFile.of("llama", "a").scores(0).kinds(), "token_type", "0 elements");
    refused(VocabularyFile.of("llama", "a").scores(0), "bos_token_id", "none of the 1 tokens");
    refused(VocabularyFile.of("llama", "a").text("scores", "0"), "expected an array");
    refused(VocabularyFile.of("gpt2", "a"), "tokenizer.ggml.merges", "missing");
    refused(VocabularyFile.of("gpt2", "a").merges("aa"), "\"aa\" at 0");
    refused(VocabularyFile.of("gpt2", "a").merges("a b"), "no tokenizer that can be loaded");
    refused(VocabularyFile.of("bert", "▁a"), "unknown_token_id");
    refused(VocabularyFile.of("t5", "a").scores(0), "unknown_token_id");
  }

  @Test
  void aCharsMapThatLeadsOutsideNeverReachesTheNativeLibrary() {
    byte[] outside = charsMap(0, "b\0");
    outside[4 + 4 * (256 ^ 'A') + 3] = 0x7f;
    byte[] within = charsMap(1, "é\0");
    byte[] behind = charsMap(4, "b\0");
    byte[] small = Arrays.copyOf(charsMap(0, ""), 100);
    byte[] broken = charsMap(0, "b\0");
    broken[broken.length - 1] = (byte) 0xff;
    for (byte[] map : List.of(outside, within, behind, small, broken, new byte[3])) {
      refused(t5(map), "precompiled_charsmap");
      String json =
          """
          {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "%s"},
           "model": {"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "a"}}
          """
              .formatted(Base64.getEncoder().encodeToString(map));
      TokenizerException e =
          assertThrows(TokenizerException.class, () -> Tokenizer.of(json, "here").close());
      assertTrue(e.getMessage().contains("precompiled_charsmap"), e.getMessage());
    }
  }

  private static void refused(VocabularyFile file, String... parts) {
    TokenizerException refused =
        assertThrows(TokenizerException.class, () -> file.read().tokenizer().close());
    for (String part : parts) {
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
    assertTrue(refused.getMessage().startsWith("model.gguf: "), refused.getMessage());
  }
}
