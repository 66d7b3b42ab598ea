package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.INT32;
import static dev.heddle.onnx.ModelFile.integer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ONNX Runtime's attentions, on numbers small enough to do by hand, and what they refuse. */
class MicrosoftOpsTest {
  @TempDir private Path folder;

  private final ModelFile m = new ModelFile(17);

  private OnnxException refused(Object[][] operands, String type) {
    ModelFile file = new ModelFile(17);
    String[] names = new String[operands.length];
    for (int i = 0; i < operands.length; i++) {
      boolean mask = operands[i].length > 0 && i == (type.equals("Attention") ? 3 : 4);
      names[i] =
          operands[i].length == 0 ? "" : file.input("x" + i, mask ? INT32 : FLOAT, operands[i]);
    }
    file.output(file.node("com.microsoft." + type, List.of(names), integer("num_heads", 2)));
    Path path = file.write(folder);
    return assertThrows(OnnxException.class, () -> OnnxImporter.read(path).close());
  }

  private static Object[] dims(Object... dims) {
    return dims;
  }

  @Test
  void keysAfterTheLengthAreHidden() {
    List<String> inputs =
        List.of(
            m.input("q", FLOAT, 2, 1, 2),
            m.input("k", FLOAT, 2, 2, 2),
            m.input("v", FLOAT, 2, 2, 2),
            "",
            m.input("lengths", INT32, 2));
    m.output(m.node("com.microsoft.MultiHeadAttention", inputs, integer("num_heads", 1)));
    try (OnnxModel model = OnnxImporter.read(m.write(folder))) {
      HostTensor zeros = HostTensor.of(new float[8], 2, 2, 2);
      HostTensor values = HostTensor.of(new float[] {1, 2, 3, 4, 1, 2, 3, 4}, 2, 2, 2);
      Map<String, HostTensor> given =
          Map.of(
              "q",
              HostTensor.of(new float[4], 2, 1, 2),
              "k",
              zeros,
              "v",
              values,
              "lengths",
              HostTensor.of(new int[] {2, 1}, 2));
      HostTensor y = Interpreter.run(model.graph(), given, Map.of()).values().iterator().next();
      assertArrayEquals(new float[] {2, 3, 1, 2}, y.toFloats(), 1e-6f);
    }
  }

  @Test
  void aPackedOperandComesApart() {
    String packed = m.input("packed", FLOAT, 1, 2, 1, 3, 2);
    m.output(m.node("com.microsoft.MultiHeadAttention", List.of(packed), integer("num_heads", 1)));
    try (OnnxModel model = OnnxImporter.read(m.write(folder))) {
      float[] values = {0, 0, 5, 5, 1, 2, 0, 0, 5, 5, 3, 4};
      Map<String, HostTensor> given = Map.of("packed", HostTensor.of(values, 1, 2, 1, 3, 2));
      HostTensor y = Interpreter.run(model.graph(), given, Map.of()).values().iterator().next();
      assertArrayEquals(new float[] {2, 3, 2, 3}, y.toFloats(), 1e-6f);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() {
    Object[] x = dims(2, 3, 4);
    Object[] absent = dims();
    OnnxException uneven = refused(new Object[][] {x, dims(4, 13)}, "Attention");
    assertTrue(uneven.getMessage().contains("13 columns"), uneven.getMessage());
    OnnxException mask = refused(new Object[][] {x, dims(4, 12), absent, dims(8)}, "Attention");
    assertEquals(OnnxException.Kind.UNSUPPORTED, mask.kind());
    assertTrue(mask.getMessage().contains("8 elements for 2 sequences"), mask.getMessage());
    Object[] past = dims(2, 2, 5, 2);
    OnnxException cached =
        refused(new Object[][] {x, x, x, absent, absent, absent, past, past}, "MultiHeadAttention");
    assertEquals(OnnxException.Kind.UNSUPPORTED, cached.kind());
    refused(new Object[][] {dims(3, 4), dims(4, 12)}, "Attention");
    refused(new Object[][] {dims(4), dims(4), dims(4)}, "MultiHeadAttention");
    refused(new Object[][] {x, dims(2, 3), x}, "MultiHeadAttention");
    refused(new Object[][] {x}, "MultiHeadAttention");
  }
}
