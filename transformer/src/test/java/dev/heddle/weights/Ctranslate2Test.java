package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ctranslate2Test {
  @TempDir private Path folder;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private Ctranslate2Test u8(int value) {
    bytes.write(value);
    return this;
  }

  private Ctranslate2Test u32(int value) {
    bytes.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    return this;
  }

  private Ctranslate2Test text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    u8(utf8.length + 1).u8(0);
    bytes.writeBytes(utf8);
    return u8(0);
  }

  private Ctranslate2Test variable(String name, int[] extents, int size, byte... values) {
    text(name).u8(extents.length);
    Arrays.stream(extents).forEach(this::u32);
    u8(size).u32(values.length / size);
    bytes.writeBytes(values);
    return this;
  }

  private static byte[] floats(float... values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      buffer.putFloat(value);
    }
    return buffer.array();
  }

  private Path file() throws IOException {
    Path file = folder.resolve("model.bin");
    Files.write(file, bytes.toByteArray());
    return file;
  }

  private String refusal() throws IOException {
    Path file = file();
    return assertThrows(WeightFileException.class, () -> Ctranslate2.open(file)).getMessage();
  }

  @Test
  void everyElementTypeIsReadAsFloats() throws IOException {
    u32(2).text("TransformerBase").u32(2).u32(5);
    variable("plain", new int[] {2}, 4, floats(1.5f, -2));
    variable("a/weight", new int[] {2, 2}, 1, (byte) 127, (byte) -64, (byte) 3, (byte) 0);
    variable("a/weight_scale", new int[] {2}, 4, floats(127, 2));
    variable("b/weight", new int[] {1, 2}, 2, (byte) 0xe8, (byte) 3, (byte) 0x18, (byte) 0xfc);
    variable("b/weight_scale", new int[0], 4, floats(500));
    try (Ctranslate2 weights = Ctranslate2.open(file())) {
      assertEquals(List.of("plain", "a/weight", "b/weight"), weights.names());
      assertArrayEquals(new float[] {1.5f, -2}, weights.tensor("plain").toFloats());
      assertArrayEquals(
          new float[] {1, -64 / 127f, 1.5f, 0}, weights.tensor("a/weight").toFloats());
      assertArrayEquals(new float[] {2, -2}, weights.tensor("b/weight").toFloats());
      assertEquals("TransformerBase", weights.metadata().get("specification"));
    }
    assertTrue(Ctranslate2.begins(folder.resolve("model.bin")));
  }

  @Test
  void theFirstVersionsNamesAreTheSecondsAndItsScaleIsAThousand() throws IOException {
    u32(1).u32(3);
    byte[] thousand = {(byte) 0xe8, 3};
    variable("transformer/encoder/layer_0/multi_head/conv1d/kernel:0", new int[] {1}, 2, thousand);
    variable("transformer/decoder/layer_0/multi_head/conv1d_2/bias:0", new int[] {1}, 4, floats(1));
    variable("transformer/decoder/w_embs:0", new int[] {1}, 2, thousand);
    try (Ctranslate2 weights = Ctranslate2.open(file())) {
      assertEquals(
          List.of(
              "encoder/layer_0/self_attention/linear_0/weight",
              "decoder/layer_0/attention/linear_2/bias",
              "decoder/embeddings/weight"),
          weights.names());
      assertArrayEquals(new float[] {1}, weights.tensor("decoder/embeddings/weight").toFloats());
    }
  }

  @Test
  void whatIsBrokenIsNamedWithItsPlace() throws IOException {
    u32(3);
    assertTrue(refusal().contains("1 and 2 of CTranslate2's format are read"));
    bytes.reset();
    u32(2).text("TransformerBase").u32(2).u32(2);
    variable("a/weight", new int[] {2}, 1, (byte) 1, (byte) 1);
    assertTrue(refusal().contains("name of a variable: needs 2 bytes; the file has 0"));
    variable("a/weight_scale", new int[] {3}, 4, floats(1, 1, 1));
    assertTrue(refusal().contains("one a row for int8"));
    bytes.reset();
    u32(1).u32(1).variable("x", new int[] {3}, 4, floats(1, 1));
    assertTrue(refusal().contains("has 2 elements; its extents make 3"));
    bytes.reset();
    u32(1).u32(1).variable("x", new int[] {2}, 4, floats(1, 1)).u8(0);
    assertTrue(refusal().contains("1 bytes follow the last variable"));
    bytes.reset();
    u32(1).u32(1).text("x").u8(2).u32(-1).u32(-1).u8(4).u32(-1);
    assertTrue(refusal().contains("has more than"));
    assertFalse(Ctranslate2.begins(folder));
  }
}
