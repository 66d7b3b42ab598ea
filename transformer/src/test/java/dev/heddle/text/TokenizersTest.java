package dev.heddle.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizersTest {
  private static final List<String> LLAMA2C =
      List.of("<unk>", "\n<s>\n", "\n</s>\n", "<0x0A>", " ", "a", "b", "ab", " ab");

  @TempDir private Path folder;

  private static byte[] llama2c(List<String> tokens) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN).putInt(7);
    for (int id = 0; id < tokens.size(); id++) {
      byte[] text = tokens.get(id).getBytes(StandardCharsets.UTF_8);
      bytes.putFloat(id - 100).putInt(text.length).put(text);
    }
    return java.util.Arrays.copyOf(bytes.array(), bytes.position());
  }

  private void assertIds(Path path, int... expected) {
    try (Tokenizer tokenizer = Tokenizers.open(path)) {
      assertArrayEquals(expected, tokenizer.encode("ab\n").ids());
      assertEquals("ab\n", tokenizer.decode(expected, true));
    }
  }

  @Test
  void aVocabularyOfLlama2cIsSentencePieces() throws IOException {
    Path file = Files.write(folder.resolve("tok9.bin"), llama2c(LLAMA2C));
    assertIds(file, 1, 8, 3);
    assertIds(folder, 1, 8, 3);
    try (Tokenizer tokenizer = Tokenizers.open(file)) {
      assertEquals(List.of("<s>", "▁ab", "</s>"), tokenizer.encode("ab</s>").tokens());
    }
  }

  @Test
  void aCheckpointTakesTheVocabularyBesideItThatHasAsManyTokens() throws IOException {
    Files.write(folder.resolve("tokenizer.bin"), llama2c(LLAMA2C.subList(0, 8)));
    Path checkpoint = folder.resolve("stories.bin");
    // Width 2, 1 within, a layer, a head, 9 tokens, a position.
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * (7 + 18 + 2 + 4 * 4 + 2 + 3 * 2 + 2 + 2))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int field : new int[] {2, 1, 1, 1, 1, 9, 1}) {
      bytes.putInt(field);
    }
    Files.write(checkpoint, bytes.array());
    refused(checkpoint, "has 9 tokens", "of 1 files", "0 have as many");
    Files.write(folder.resolve("tok9.bin"), llama2c(LLAMA2C));
    assertIds(checkpoint, 1, 8, 3);
    refused(folder, "2 files");
  }

  @Test
  void aGgufFileNeedsNoArchitecture() throws IOException {
    byte[] gguf = VocabularyFile.ofBytes("gpt-2", "ab").merges("a b").bytes();
    Path file = Files.write(folder.resolve("model.gguf"), gguf);
    assertIds(file, 256, 10);
    assertIds(folder, 256, 10);
  }

  @Test
  void gpt2sTwoFilesAreATokenizer() throws IOException {
    Path vocabulary = folder.resolve("vocab.json");
    String tokens = "{\"a\": 0, \"b\": 1, \"ab\": 3, \"\u010a\": 2, \"<|endoftext|>\": 4}";
    Files.writeString(vocabulary, tokens);
    Path merges = Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\n\n");
    assertIds(folder, 3, 2);
    try (Tokenizer tokenizer = Tokenizers.open(folder)) {
      assertArrayEquals(new int[] {0, 4, 1}, tokenizer.encode("a<|endoftext|>b").ids());
    }
    Files.writeString(merges, "ab\n");
    refused(folder, "merges.txt", "\"ab\"");
    Files.writeString(vocabulary, tokens.replace("3", "5"));
    refused(folder, "vocab.json", "none of the number 3");
    Files.writeString(vocabulary, tokens.replace("3", "1"));
    refused(folder, "number 1 for \"b\" and for \"ab\"");
    Files.writeString(vocabulary, tokens.replace("endoftext", "end"));
    refused(folder, "<|endoftext|>", "tokenizer.json");
    Files.writeString(vocabulary, tokens.substring(1));
    refused(folder, "vocab.json");
    Files.writeString(vocabulary, tokens.substring(0, 20));
    refused(folder, "is not JSON");
  }

  @Test
  void aFolderWithATokenizerJsonIsTakenByIt() throws IOException {
    Path json = Path.of("src/test/data/hf/roberta/tokenizer.json");
    Files.copy(json, folder.resolve("tokenizer.json"));
    Files.write(folder.resolve("tok9.bin"), llama2c(LLAMA2C));
    Path weights = Files.createFile(folder.resolve("model.safetensors"));
    try (Tokenizer expected = Tokenizer.open(json)) {
      int[] ids = expected.encode("to be").ids();
      for (Path path : List.of(folder, weights)) {
        try (Tokenizer tokenizer = Tokenizers.open(path)) {
          assertArrayEquals(ids, tokenizer.encode("to be").ids());
        }
      }
    }
  }

  @Test
  void whatHasNoTokenizerIsRefused() throws IOException {
    refused(folder, "has no tokenizer.json");
    refused(folder.resolve("none"), "no such file");
    refused(Files.createFile(folder.resolve("model.onnx")), "no tokenizer.json beside it");
    Path bin = folder.resolve("tok.bin");
    refused(Files.write(bin, new byte[2]), "ends within");
    refused(Files.write(bin, llama2c(LLAMA2C.subList(0, 2))), "holds 2 tokens");
    refused(Files.write(bin, llama2c(List.of("a", "b", "c", "b"))), "tokens 1 and 3", "\"b\"");
    refused(Files.write(bin, llama2c(List.of("a", "b", "c", "too long"))), "claims 8 bytes");
    byte[] cut = llama2c(LLAMA2C);
    refused(Files.write(bin, java.util.Arrays.copyOf(cut, cut.length - 1)), "and 2 follow");
    cut[4 + 3] = 0x7f;
    cut[4 + 2] = (byte) 0x80;
    refused(Files.write(bin, cut), "token 0 at byte 4", "Infinity");
  }

  private static void refused(Path path, String... parts) {
    TokenizerException refused =
        assertThrows(TokenizerException.class, () -> Tokenizers.open(path).close());
    for (String part : parts) {
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
    assertTrue(refused.getMessage().startsWith(path.toString()), refused.getMessage());
  }
}
