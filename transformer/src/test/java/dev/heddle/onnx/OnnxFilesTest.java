package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.heddle.onnx.ExportedBert.Way;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are broken, or mean harm. */
class OnnxFilesTest {
  @TempDir private Path folder;

  private OnnxException refused(Path file) {
    return assertThrows(OnnxException.class, () -> OnnxImporter.read(file).close());
  }

  private static ModelFile external(String location, String... more) {
    ModelFile m = new ModelFile(17);
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(FLOAT)
            .addDims(2)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL);
    tensor.addExternalData(entry("location", location));
    for (int i = 0; i < more.length; i += 2) {
      tensor.addExternalData(entry(more[i], more[i + 1]));
    }
    m.graph().addInitializer(tensor);
    m.output(m.node("Add", m.input("x", FLOAT, 2), "w"));
    return m;
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  @Test
  void tensorsInAFileBesideAreMapped() throws IOException {
    Files.createDirectory(folder.resolve("data"));
    Files.write(folder.resolve("data/w.bin"), floats(9, 1, 2));
    Path file = external("data/w.bin", "offset", "4", "length", "8").write(folder);
    try (OnnxModel model = OnnxImporter.read(file)) {
      HostTensor w = model.graph().constants().values().iterator().next();
      assertArrayEquals(new float[] {1, 2}, w.toFloats());
    }
  }

  @Test
  void aModelInMemoryIsReadAsItsFileWouldBe() throws IOException {
    Files.write(folder.resolve("w.bin"), floats(1, 2));
    Path file = external("w.bin").write(folder);
    byte[] bytes = Files.readAllBytes(file);
    try (OnnxModel model = OnnxImporter.of(bytes, file, OnnxOptions.DEFAULT)) {
      HostTensor w = model.graph().constants().values().iterator().next();
      assertArrayEquals(new float[] {1, 2}, w.toFloats());
    }
    Path nowhere = folder.resolve("elsewhere").resolve("model.onnx");
    OnnxException refused =
        assertThrows(
            OnnxException.class, () -> OnnxImporter.of(bytes, nowhere, OnnxOptions.DEFAULT));
    assertTrue(refused.getMessage().contains("put it beside the model"), refused.getMessage());
  }

  @Test
  void tensorsOutsideTheFolderAreRefused() throws IOException {
    Path inside = Files.createDirectory(folder.resolve("model"));
    Path secret = Files.write(folder.resolve("secret"), floats(1, 2));
    Files.createSymbolicLink(inside.resolve("link"), secret);
    Files.createSymbolicLink(inside.resolve("up"), folder);
    for (String location :
        new String[] {
          "../secret",
          secret.toString(),
          "link",
          "up/secret",
          "a/../../secret",
          "",
          "..\\secret",
          "C:secret",
          "\0"
        }) {
      String message = refused(external(location).write(inside)).getMessage();
      assertTrue(message.contains("expected the name of a file in the model's folder"), message);
    }
  }

  @Test
  void aModelThatIsALinkHasItsDataBesideItsTarget() throws IOException {
    Path blobs = Files.createDirectory(folder.resolve("blobs"));
    Path snapshot = Files.createDirectory(folder.resolve("snapshot"));
    Files.write(blobs.resolve("123"), floats(1, 2));
    Path target = external("w.bin").write(blobs);
    Files.createSymbolicLink(snapshot.resolve("w.bin"), blobs.resolve("123"));
    Path link = Files.createSymbolicLink(snapshot.resolve("model.onnx"), target);
    OnnxImporter.read(link).close();
  }

  @Test
  void claimsBeyondTheFileAreRefused() throws IOException {
    Files.write(folder.resolve("w.bin"), floats(1, 2));
    String[][] claims = {
      {"offset", "4"},
      {"length", "4"},
      {"offset", "9223372036854775807"},
      {"offset", "-4"},
      {"length", "many"},
    };
    for (String[] claim : claims) {
      refused(external("w.bin", claim).write(folder));
    }
    refused(external("missing.bin").write(folder));
    refused(external(".").write(folder));
  }

  @Test
  void sizesThatDoNotMatchTheBytesAreRefused() {
    long[][] shapes = {{3}, {1L << 40, 1L << 40}, {-2}, {1L << 62}, {}};
    for (long[] shape : shapes) {
      TensorProto.Builder tensor =
          TensorProto.newBuilder()
              .setName("w")
              .setDataType(FLOAT)
              .setRawData(ByteString.copyFrom(floats(1, 2)));
      Arrays.stream(shape).forEach(tensor::addDims);
      ModelFile m = new ModelFile(17);
      m.graph().addInitializer(tensor);
      m.output(m.node("Relu", "w"));
      OnnxException e = refused(m.write(folder));
      assertEquals(OnnxException.Kind.MALFORMED, e.kind());
    }
  }

  @Test
  void typedDataIsRead() throws IOException {
    TensorProto half =
        TensorProto.newBuilder()
            .setDataType(10)
            .addDims(2)
            .addInt32Data(0x3c00)
            .addInt32Data(0xc000)
            .build();
    Path file = Files.write(folder.resolve("half.pb"), half.toByteArray());
    HostTensor tensor = OnnxTensors.read(file);
    assertEquals(DType.F16, tensor.dtype());
    assertArrayEquals(new float[] {1, -2}, tensor.toFloats());
    Path wide =
        Files.write(
            folder.resolve("wide.pb"), half.toBuilder().setDataType(13).build().toByteArray());
    assertEquals(
        OnnxException.Kind.UNSUPPORTED,
        assertThrows(OnnxException.class, () -> OnnxTensors.read(wide)).kind());
  }

  @Test
  void filesThatAreNoModelsAreRefused() throws IOException {
    refused(folder.resolve("missing.onnx"));
    refused(folder);
    refused(Files.write(folder.resolve("empty.onnx"), new byte[0]));
    refused(Files.writeString(folder.resolve("text.onnx"), "not a model at all"));
  }

  @Test
  void brokenBytesAreTypedErrorsOrGoodModels() throws IOException {
    byte[][] files = {
      ExportedBert.model(1).bytes(),
      ExportedBert.model(1, 17, Way.MICROSOFT, Way.MICROSOFT_ATTENTION, Way.LENGTHS).bytes(),
      ExportedBert.model(1, 17, Way.MICROSOFT, Way.MULTI_HEAD_ATTENTION).bytes()
    };
    Path file = folder.resolve("broken.onnx");
    Random random = new Random(1);
    for (int i = 0; i < 900; i++) {
      byte[] whole = files[i / 300];
      byte[] bytes =
          i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
      for (int flips = random.nextInt(4); flips >= 0 && bytes.length > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, bytes);
      try {
        OnnxImporter.read(file).close();
      } catch (OnnxException e) {
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      }
    }
  }
}
