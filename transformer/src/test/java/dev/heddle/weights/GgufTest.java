package dev.heddle.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GgufTest {
  private static final Path FIXTURES = TestFiles.get("fixtures/gguf");
  private static final int U32 = 4;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;
  private static final int F32 = 0;

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> malformedFilesAreRefusedAndValidOnesRead() throws IOException {
    Path files = TestFiles.get("data/malformed/gguf");
    return TestFiles.expected(files).entrySet().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey() + " (" + entry.getValue() + ")",
                () -> check(files.resolve(entry.getKey()), entry.getValue())));
  }

  private static void check(Path file, String expected) {
    if (expected.startsWith("OK")) {
      Gguf.open(file).close();
    } else {
      WeightFileException e = assertThrows(WeightFileException.class, () -> Gguf.open(file));
      assertEquals(file, e.file());
      assertTrue(e.field().isPresent() && e.offset().isPresent(), e::getMessage);
    }
  }

  @Test
  void metadataOfEveryTypeIsRead() throws IOException {
    JsonNode expected = new ObjectMapper().readTree(FIXTURES.resolve("metadata.json").toFile());
    try (Gguf file = Gguf.open(FIXTURES.resolve("metadata.gguf"))) {
      List<String> keys = new ArrayList<>(file.metadata().keySet());
      assertEquals(expected.get("metadata").size(), keys.size());
      for (JsonNode value : expected.get("metadata")) {
        String key = value.get("key").textValue();
        assertEquals(key, keys.removeFirst());
        GgufValue read = file.value(key).orElseThrow();
        assertEquals(value.get("type").textValue(), read.type().name(), key);
        if (read.value() instanceof GgufArray array) {
          assertEquals(value.get("item_type").textValue(), array.elementType().name(), key);
        }
        assertEquals(plain(value.get("value")), bits(read.value()), key);
      }
    }
  }

  /** What the JSON says: floats as the hexadecimal digits of their bits. */
  private static Object plain(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> node.textValue();
      case BOOLEAN -> node.booleanValue();
      case OBJECT -> node.get("bits").textValue();
      case ARRAY -> node.valueStream().map(GgufTest::plain).toList();
      default -> node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
    };
  }

  private static Object bits(Object value) {
    return switch (value) {
      case Float f -> "%08x".formatted(Float.floatToRawIntBits(f));
      case Double d -> "%016x".formatted(Double.doubleToRawLongBits(d));
      case List<?> list -> list.stream().map(GgufTest::bits).toList();
      default -> value;
    };
  }

  @Test
  void tensorsOfEveryPlainTypeAreViews() throws Exception {
    JsonNode expected = new ObjectMapper().readTree(FIXTURES.resolve("metadata.json").toFile());
    try (Gguf file = Gguf.open(FIXTURES.resolve("metadata.gguf"))) {
      assertEquals(expected.get("tensors").size(), file.names().size());
      for (JsonNode tensor : expected.get("tensors")) {
        checkTensor(tensor, file);
        assertEquals(
            tensor.get("values").valueStream().map(JsonNode::doubleValue).toList(),
            Arrays.stream(file.tensor(tensor.get("name").textValue()).toDoubles())
                .boxed()
                .toList());
      }
      long[] wide = file.tensor("t.i64").toLongs();
      assertArrayEquals(new long[] {Long.MIN_VALUE, Long.MAX_VALUE}, wide);
    }
  }

  private static void checkTensor(JsonNode expected, Gguf file) throws Exception {
    TensorInfo info = file.info(expected.get("name").textValue());
    assertEquals(expected.get("type").textValue(), info.type().label());
    assertEquals(
        Shape.of(expected.get("shape").valueStream().mapToLong(JsonNode::longValue).toArray()),
        info.shape());
    assertEquals(expected.get("file_offset").longValue(), info.offset());
    assertEquals(expected.get("bytes").longValue(), info.bytes());
    assertEquals(expected.get("sha256").textValue(), sha256(info));
  }

  private static String sha256(TensorInfo info) throws IOException, NoSuchAlgorithmException {
    byte[] bytes = Files.readAllBytes(info.file());
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(bytes, (int) info.offset(), (int) info.bytes());
    return HexFormat.of().formatHex(digest.digest());
  }

  @Test
  void versionTwoIsReadAsVersionThree() throws IOException {
    byte[] bytes = Files.readAllBytes(FIXTURES.resolve("metadata.gguf"));
    bytes[4] = 2;
    Path older = Files.write(folder.resolve("older.gguf"), bytes);
    try (Gguf two = Gguf.open(older);
        Gguf three = Gguf.open(FIXTURES.resolve("metadata.gguf"))) {
      assertEquals(2, two.version());
      assertEquals(three.metadata(), two.metadata());
      assertEquals(three.names(), two.names());
    }
  }

  @Test
  void arraysOfArraysAreRead() {
    try (Gguf file = Gguf.open(FIXTURES.resolve("metadata-nested.gguf"))) {
      assertEquals(
          Map.of(
              "general.architecture",
              "heddle-test",
              "test.nested.int32",
              List.of(List.of(1L, 2L, 3L), List.of(4L), List.of(5L, 6L)),
              "test.nested.deep",
              List.of(List.of(List.of("a", "β"), List.of("c")), List.of(List.of("d"))),
              "test.after",
              77L),
          file.metadata());
    }
  }

  @Test
  void aSplitModelIsOpenedByAnyPart() throws Exception {
    JsonNode expected = new ObjectMapper().readTree(FIXTURES.resolve("split.json").toFile());
    for (int part = 1; part <= 3; part++) {
      try (Gguf model = Gguf.open(FIXTURES.resolve("split-0000%d-of-00003.gguf".formatted(part)))) {
        assertEquals(3, model.files().size());
        assertEquals("split fixture", model.metadata().get("general.name"));
        assertEquals(
            expected.get("tensors").valueStream().map(t -> t.get("name").textValue()).toList(),
            model.names());
        for (JsonNode tensor : expected.get("tensors")) {
          checkTensor(tensor, model);
          TensorInfo info = model.info(tensor.get("name").textValue());
          assertEquals(model.files().get(tensor.get("part").intValue()), info.file());
        }
        assertArrayEquals(
            expected
                .at("/tensors/3/values")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .toArray(),
            model.tensor("blk.0.attn_norm.weight").toDoubles());
        assertEquals(DType.Q8_0, model.tensor("blk.0.attn_q.weight").dtype());
      }
    }
  }

  @Test
  void partsThatDoNotFitTogetherAreRefused() throws IOException {
    List<Path> parts = new ArrayList<>();
    for (int part = 1; part <= 3; part++) {
      String name = "split-0000%d-of-00003.gguf".formatted(part);
      parts.add(Files.copy(FIXTURES.resolve(name), folder.resolve(name)));
    }
    Files.copy(parts.get(1), folder.resolve("kept"));
    Files.copy(parts.get(0), folder.resolve("alone.gguf"));
    assertTrue(refused(folder.resolve("alone.gguf")).contains("end in -00001-of-00003.gguf"));

    Files.delete(parts.get(1));
    assertEquals(parts.get(1) + ": there is no such file", refused(parts.get(0)));
    Files.copy(parts.get(2), parts.get(1));
    assertTrue(refused(parts.get(0)).contains("\"split.no\": is 2; expected 1"));
    Files.delete(parts.get(1));
    Files.write(parts.get(1), GgufBytes.header(0, 0).end());
    assertTrue(refused(parts.get(2)).contains("\"split.no\": is missing; expected 1"));
    Files.delete(parts.get(1));
    Files.write(
        parts.get(1),
        GgufBytes.header(0, 2)
            .string("split.no")
            .u32(U32)
            .u32(1)
            .string("split.count")
            .u32(U32)
            .u32(3)
            .end());
    assertTrue(refused(parts.get(0)).contains("\"split.tensors.count\": is 8; expected 5"));
    Files.delete(parts.get(1));
    Files.copy(folder.resolve("kept"), parts.get(1));
    Gguf.open(parts.get(0)).close();
    Path misnumbered = Files.copy(parts.get(0), folder.resolve("split-00007-of-00003.gguf"));
    assertTrue(refused(misnumbered).contains("has the number 7 in its name"));
  }

  @Test
  void rowsOfZeroAndTensorsWithoutAxesAreRead() throws IOException {
    byte[] bytes =
        GgufBytes.header(3, 0)
            .tensor("nothing", 12, 0, 0, 5)
            .tensor("scalar", F32, 0)
            .tensor("after", F32, 32, 2)
            .data(40);
    Path file = Files.write(folder.resolve("small.gguf"), bytes);
    try (Gguf weights = Gguf.open(file)) {
      assertEquals(Shape.of(5, 0), weights.info("nothing").shape());
      assertEquals(Shape.SCALAR, weights.tensor("scalar").shape());
      assertEquals(8, weights.tensor("after").memory().toArray(ValueLayout.JAVA_BYTE).length);
    }
  }

  /** Bytes of a file, and what the error must say. */
  static List<List<Object>> brokenFiles() {
    byte[] latin = {'k', (byte) 0xe9};
    return List.of(
        List.of(new byte[0], "magic: needs 4 bytes; the file ends after 0 more (at byte 0)"),
        List.of(
            new GgufBytes().raw("GGUF".getBytes()).u32(0x03000000).u64(0).u64(0).end(),
            "version: is 3 in big-endian order"),
        List.of(
            new GgufBytes().raw("GGUF".getBytes()).u32(0).u64(0).u64(0).end(),
            "version: is 0; versions 2 and 3 are read"),
        List.of(GgufBytes.header(-1, 0).end(), "tensor count: is 18446744073709551615; 8 bytes"),
        List.of(GgufBytes.header(1, 0).end(), "tensor count: is 1; 8 bytes are left"),
        List.of(GgufBytes.header(0, -1).end(), "metadata count: is 18446744073709551615; 0 bytes"),
        List.of(GgufBytes.header(0, 1L << 40).data(64), "metadata count: is 1099511627776"),
        List.of(GgufBytes.header(0, 1).string("").u32(U32).u32(1).data(9), "has an empty key"),
        List.of(
            GgufBytes.header(0, 1).string("a\0b").u32(U32).u32(1).data(9), "has a NUL in its name"),
        List.of(
            GgufBytes.header(0, 1).string("k".repeat(65_536)).u32(U32).u32(1).end(),
            "has a name of 65536 bytes; at most 65535"),
        List.of(
            GgufBytes.header(0, 1).string(latin).u32(U32).u32(1).data(9),
            "metadata key 0: is not valid UTF-8"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(STRING).string(latin).end(),
            "metadata \"k\": is not valid UTF-8"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(-1).u64(0).end(),
            "has the value type 4294967295; expected 0 to 12"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(BOOL).u8(2).end(),
            "holds the truth value 0x02; expected 0 or 1"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(ARRAY).u32(BOOL).u64(2).u8(1).u8(3).end(),
            "holds the truth value 0x03; expected 0 or 1"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(ARRAY).u32(13).u64(0).end(),
            "has the value type 13"),
        List.of(
            GgufBytes.header(0, 1).string("k").u32(ARRAY).u32(STRING).u64(1L << 61).end(),
            "array length: is 2305843009213693952; 0 bytes are left"),
        List.of(nested(9), "holds arrays in arrays, more than 8 deep"),
        List.of(nested(100_000), "holds arrays in arrays, more than 8 deep"),
        List.of(
            GgufBytes.header(0, 1).string("general.alignment").u32(U32).u32(1 << 31).end(),
            "is 2147483648; expected a power of two"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 0, 1, 1, 1, 1, 1).data(4),
            "has 5 axes; at most 4"),
        List.of(GgufBytes.header(1, 0).string("t").u32(-1).u64(0).data(4), "has 4294967295 axes"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 0, 1L << 32, 1L << 32).data(4),
            "has more than 2^63 elements"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", 28, 0, 1L << 31, 1L << 31).data(4),
            "F64 [2147483648, 2147483648] has more than 2^63 bytes"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 0, Long.MAX_VALUE).data(4),
            "has more than 2^63 bytes"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", 4, 0, 32).data(4),
            "has the type 4, Q4_2, which ggml has removed"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", 99, 0, 32).data(4),
            "has the type 99, which is unknown"),
        List.of(GgufBytes.header(1, 0).tensor("t", -1, 0, 32).data(4), "has the type 4294967295"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", 12, 0, 128).data(999),
            "has rows of 128 elements; Q4_K needs a multiple of 256"),
        List.of(GgufBytes.header(1, 0).tensor("t", 2, 0).data(99), "has rows of 1 elements"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 32, 1).data(64),
            "has the offset 32; expected 0"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, -32, 1).data(64),
            "has the offset 18446744073709551584; expected 0"),
        List.of(
            GgufBytes.header(2, 0).tensor("a", F32, 0, 9).tensor("b", F32, 32, 1).data(96),
            "tensor \"b\": has the offset 32; expected 64"),
        List.of(
            GgufBytes.header(2, 0).tensor("a", F32, 0, 8).tensor("b", F32, 0, 8).data(96),
            "tensor \"b\": has the offset 0; expected 32"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 0, 8).data(31),
            "F32 [8] at offset 0 needs 32 bytes; the file has 31"),
        List.of(
            GgufBytes.header(1, 0).tensor("t", F32, 0, 1L << 60).data(32),
            "needs 4611686018427387904 bytes; the file has 32"),
        List.of(GgufBytes.header(1, 0).tensor("a\0b", F32, 0, 1).data(4), "has a NUL in its name"),
        List.of(
            GgufBytes.header(1, 0).tensor("é".repeat(32), F32, 0, 1).data(4),
            "has a name of 64 bytes; at most 63"),
        List.of(
            GgufBytes.header(0, 1).string("split.count").u32(5).u32(-3).end(),
            "is the INT32 -3; expected a whole number"),
        List.of(
            GgufBytes.header(0, 1).string("split.count").u32(STRING).string("3").end(),
            "is the STRING 3; expected a whole number"),
        List.of(
            GgufBytes.header(0, 1).string("split.count").u32(10).u64(-1).end(),
            "is the UINT64 18446744073709551615; expected a whole number"),
        List.of(
            GgufBytes.header(0, 1).string("split.count").u32(U32).u32(-1).end(),
            "is 4294967295; the names of split files end in"));
  }

  private static byte[] nested(int depth) {
    GgufBytes bytes = GgufBytes.header(0, 1).string("k").u32(ARRAY);
    for (int i = 0; i < depth; i++) {
      bytes.u32(ARRAY).u64(1);
    }
    return bytes.u32(U32).u64(0).end();
  }

  @ParameterizedTest
  @MethodSource("brokenFiles")
  void brokenFilesAreRefusedWithFieldAndOffset(List<Object> broken) throws IOException {
    byte[] bytes = (byte[]) broken.get(0);
    Path file = Files.write(folder.resolve("broken.gguf"), bytes);
    WeightFileException e = assertThrows(WeightFileException.class, () -> Gguf.open(file));
    assertTrue(e.getMessage().contains((String) broken.get(1)), e::getMessage);
    assertTrue(e.field().isPresent(), e::getMessage);
    assertTrue(e.offset().orElseThrow() <= bytes.length, e::getMessage);
  }

  @Test
  void largeFilesOfNothingCostNoMemory() throws IOException {
    for (int type : new int[] {0, STRING, ARRAY}) {
      Path sparse = folder.resolve("sparse.gguf");
      byte[] start = GgufBytes.header(0, 1).string("k").u32(ARRAY).u32(type).u64(1 << 29).end();
      try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
        file.write(start);
        file.setLength(10L << 30);
      }
      String message = refused(sparse);
      assertTrue(message.matches(".*(bytes; at most|elements; the arrays).*"), message);
    }
  }

  @Test
  void unsignedNumbersBeyondLongAreKept() {
    try (Gguf file = Gguf.open(FIXTURES.resolve("metadata.gguf"))) {
      assertEquals(new BigInteger("18446744073709551615"), file.metadata().get("test.uint64.high"));
    }
  }

  private static String refused(Path file) {
    return assertThrows(WeightFileException.class, () -> Gguf.open(file)).getMessage();
  }
}
