package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Llama2cTest {
  private static final int LAYERS = 2;
  private static final int FLOATS =
      5 * 4 + 2 * (4 + 16 + 8 + 8 + 16 + 4 + 12 + 12 + 12) + 4 + 3 * 2;

  @TempDir private Path folder;

  /** Width 4, 3 within, 2 heads with 1 of keys, 5 tokens, 3 positions; each float is its number. */
  private byte[] bytes(boolean shared) {
    int floats = FLOATS + (shared ? 0 : 5 * 4);
    ByteBuffer bytes = ByteBuffer.allocate(4 * (7 + floats)).order(ByteOrder.LITTLE_ENDIAN);
    for (int field : new int[] {4, 3, LAYERS, 2, 1, shared ? 5 : -5, 3}) {
      bytes.putInt(field);
    }
    for (int i = 0; i < floats; i++) {
      bytes.putFloat(i);
    }
    return bytes.array();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model.bin"), bytes);
  }

  @Test
  void everyTensorHasItsNameAndPlace() throws IOException {
    try (WeightFile file = WeightFile.open(file(bytes(true)))) {
      assertEquals("llama2.c", file.format());
      assertEquals(1 + 9 * LAYERS + 1, file.tensors().size());
      Weights weights = file.weights();
      assertEquals(Shape.of(5, 4), weights.info("model.embed_tokens.weight").shape());
      assertEquals(Shape.of(2, 4), weights.info("model.layers.1.self_attn.k_proj.weight").shape());
      assertEquals(Shape.of(4, 3), weights.info("model.layers.1.mlp.down_proj.weight").shape());
      // Embeddings, then a kind of weight after the other, all layers of each.
      assertFirst(weights, "model.layers.1.input_layernorm.weight", 20 + 4);
      assertFirst(weights, "model.layers.0.self_attn.q_proj.weight", 20 + 8);
      assertFirst(weights, "model.layers.1.self_attn.v_proj.weight", 20 + 8 + 32 + 16 + 8);
      assertFirst(weights, "model.layers.0.mlp.gate_proj.weight", 20 + 8 + 32 + 32 + 32 + 8);
      assertFirst(weights, "model.layers.0.mlp.down_proj.weight", 132 + 24);
      assertFirst(weights, "model.layers.0.mlp.up_proj.weight", 132 + 48);
      assertFirst(weights, "model.norm.weight", FLOATS - 6 - 4);
      assertFalse(weights.has("lm_head.weight"));
      assertEquals(true, weights.metadata().get("tie_word_embeddings"));
      assertEquals(2L, weights.metadata().get("num_attention_heads"));
      assertEquals(1L, weights.metadata().get("num_key_value_heads"));
    }
  }

  @Test
  void aNegativeVocabularyHasAClassifierOfItsOwn() throws IOException {
    try (Llama2c weights = Llama2c.open(file(bytes(false)))) {
      assertFirst(weights, "lm_head.weight", FLOATS);
      assertEquals(Shape.of(5, 4), weights.info("lm_head.weight").shape());
      assertEquals(5L, weights.metadata().get("vocab_size"));
      assertEquals(false, weights.metadata().get("tie_word_embeddings"));
    }
  }

  private static void assertFirst(Weights weights, String name, float expected) {
    assertEquals(expected, weights.tensor(name).getDouble(0), name);
  }

  @Test
  void brokenFilesAreRefusedByWhatIsWrong() throws IOException {
    byte[] good = bytes(true);
    refused(new byte[27], "needs 28 bytes");
    refused(java.util.Arrays.copyOf(good, good.length - 1), "asks for a file of " + good.length);
    refused(changed(good, 0, 0), "hidden size", "is 0");
    refused(changed(good, 2, -1), "number of layers", "is -1");
    refused(changed(good, 3, 3), "number of heads", "is 3", "hidden size 4");
    refused(changed(good, 3, 4), "number of heads", "even share");
    refused(changed(good, 4, 3), "divisor of the 2 heads");
    refused(changed(good, 5, 0), "vocabulary size", "is 0");
    refused(changed(good, 5, Integer.MIN_VALUE), "vocabulary size");
    refused(changed(good, 2, Integer.MAX_VALUE), "asks for a file of");
    refused(changed(changed(good, 0, 1 << 30), 1, 1 << 30), "asks for");
    refused(changed(changed(good, 0, 0x616b3432), 1, 2), "format version 2");
    refused(changed(good, 0, 0x04034b50), "PyTorch");
    refused(changed(good, 0, 0x0a8a0280), "PyTorch");
  }

  private static byte[] changed(byte[] good, int field, int value) {
    byte[] changed = good.clone();
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putInt(4 * field, value);
    return changed;
  }

  private void refused(byte[] bytes, String... parts) throws IOException {
    Path file = file(bytes);
    WeightFileException refused =
        assertThrows(WeightFileException.class, () -> WeightFile.open(file).close());
    for (String part : parts) {
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
    assertTrue(refused.getMessage().startsWith(file.toString()), refused.getMessage());
  }

  @Test
  void aWidthThatBeginsAsAPickleDoesIsAWidth() throws IOException {
    byte[] bytes = changed(bytes(true), 0, 640);
    refused(bytes, "asks for a file of");
    assertArrayEquals(new byte[] {(byte) 0x80, 2, 0, 0}, java.util.Arrays.copyOf(bytes, 4));
  }

  @Test
  void namesComeInTheOrderOfTheBytes() throws IOException {
    try (Llama2c weights = Llama2c.open(file(bytes(false)))) {
      List<Long> offsets = weights.names().stream().map(n -> weights.info(n).offset()).toList();
      assertEquals(offsets.stream().sorted().toList(), offsets);
    }
  }
}
