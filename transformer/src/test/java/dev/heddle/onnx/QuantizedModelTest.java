package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.integer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.heddle.graph.Graph;
import dev.heddle.onnx.OnnxOptions.Quantization;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.pass.Passes;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A linear layer as ONNX Runtime's dynamic quantisation writes it, against numbers by hand. */
class QuantizedModelTest {
  private static final int INT8 = TensorProto.DataType.INT8.getNumber();
  private static final int UINT8 = TensorProto.DataType.UINT8.getNumber();

  /**
   * Two texts of two tokens, whose ranges are 51, 255, 510 and 25.5, so that their scales are 0.2,
   * 1, 2 and 0.1.
   */
  private static final HostTensor X =
      HostTensor.of(
          new float[] {
            0, 51, 10.09f,
            -100, 155, 0.4f,
            -510, 0, -1,
            0, 25.5f, 0.27f
          },
          2,
          2,
          3);

  @TempDir private Path folder;

  private final ModelFile m = new ModelFile(11);

  private static TensorProto.Builder tensor(String name, int type, int[] values, long... dims) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(type);
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    for (int value : values) {
      tensor.addInt32Data(value);
    }
    return tensor;
  }

  private static TensorProto.Builder floats(String name, float... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName(name).setDataType(FLOAT).addDims(values.length);
    for (float value : values) {
      tensor.addFloatData(value);
    }
    return tensor;
  }

  /** {@code x @ ((w - 1) * scale) + bias}: the weights are {@code [[1, 0], [0, 2], [-1, 4]]}. */
  private Path model() {
    String x = inputs();
    String codes = quantized(x);
    String sums = m.node("MatMulInteger", codes, "w", "x_zero", "w_zero");
    String cast = m.node("Cast", List.of(sums), integer("to", FLOAT));
    String product = m.node("Mul", cast, m.node("Mul", "x_scale", "w_scale"));
    m.output(m.node("Add", "bias", product));
    return m.write(folder);
  }

  private String inputs() {
    m.graph()
        .addInitializer(tensor("w", INT8, new int[] {3, 1, 1, 2, -1, 3}, 3, 2))
        .addInitializer(tensor("w_zero", INT8, new int[] {1, 1}, 2))
        .addInitializer(floats("w_scale", 0.5f, 2))
        .addInitializer(floats("bias", 10, 20));
    return m.input("x", FLOAT, "batch", "sequence", 3);
  }

  private String quantized(String x) {
    String codes = m.node("DynamicQuantizeLinear", x);
    last().addOutput("x_scale").addOutput("x_zero");
    return codes;
  }

  private NodeProto.Builder last() {
    return m.graph().getNodeBuilder(m.graph().getNodeCount() - 1);
  }

  private static float[] run(Graph graph, HostTensor x) {
    return Interpreter.run(graph, Map.of("x", x), Map.of()).values().iterator().next().toFloats();
  }

  private void gives(Quantization quantization, float... expected) {
    Path file = model();
    OnnxOptions options = OnnxOptions.DEFAULT.withQuantization(quantization);
    try (OnnxModel model = OnnxImporter.read(file, options)) {
      assertArrayEquals(expected, run(model.graph(), X), 1e-4f);
      Graph after = Passes.standard().apply(model.graph());
      assertArrayEquals(expected, run(after, X), 1e-4f);
      long quantizations =
          after.nodes().stream().filter(n -> n.op() instanceof DynamicQuantize).count();
      assertEquals(1, quantizations, after::text);
      if (quantization != Quantization.PER_TENSOR) {
        assertEquals(2, after.nodes().size(), after::text);
      }
    }
  }

  @Test
  void aTokenHasARangeOfItsOwn() {
    // x is rounded to [0, 51, 10], [-100, 155, 0], [-510, 0, 0] (half of 2, to the even code) and
    // [0, 25.5, 0.3].
    gives(
        Quantization.PER_TOKEN,
        0 - 10 + 10,
        102 + 40 + 20,
        -100 + 10,
        310 + 20,
        -510 + 10,
        20,
        -0.3f + 10,
        51 + 1.2f + 20);
  }

  @Test
  void theTokensOfASequenceShareARange() {
    // The first text's is -100 to 155, the second's -510 to 25.5 in steps of 2.1.
    gives(
        Quantization.PER_SEQUENCE,
        0 - 10 + 10,
        102 + 40 + 20,
        -100 + 10,
        310 + 20,
        -510.3f + 10,
        20,
        10,
        50.4f + 20);
  }

  @Test
  void theWholeTensorHasOneRangeWhereTheStandardIsAskedFor() {
    // From -510 to 155, in steps of 665 / 255.
    double step = 665 / 255.0;
    gives(
        Quantization.PER_TENSOR,
        (float) (-4 * step + 10),
        (float) ((20 * 2 + 4 * 4) * step + 20),
        (float) (-38 * step + 10),
        (float) (59 * 2 * step + 20),
        (float) (-196 * step + 10),
        20,
        10,
        (float) (10 * 2 * step + 20));
  }

  @Test
  void whatOnnxRuntimeFusesIsTheSame() {
    float[] expected = {0, 162, -90, 330, -500.3f, 20, 10, 70.4f};
    String x = inputs();
    String codes = quantized(x);
    String first =
        m.node(
            "MatMulIntegerToFloat", codes, "w", "x_scale", "w_scale", "x_zero", "w_zero", "bias");
    last().setDomain("com.microsoft");
    String second = m.node("DynamicQuantizeMatMul", x, "w", "w_scale", "w_zero", "bias");
    last().setDomain("com.microsoft");
    m.output(first);
    m.output(second);
    try (OnnxModel model = OnnxImporter.read(m.write(folder))) {
      for (Graph graph : List.of(model.graph(), Passes.standard().apply(model.graph()))) {
        Map<String, HostTensor> results = Interpreter.run(graph, Map.of("x", X), Map.of());
        assertArrayEquals(expected, results.get(first).toFloats(), 1e-4f, graph::text);
        assertArrayEquals(expected, results.get(second).toFloats(), 1e-4f, graph::text);
      }
      Graph after = Passes.standard().apply(model.graph());
      assertEquals(2, after.nodes().size(), after::text);
    }
  }

  @Test
  void aTextIsTheSameInAnyBatch() {
    try (OnnxModel model = OnnxImporter.read(model())) {
      float[] both = run(model.graph(), X);
      float[] first = new float[6];
      System.arraycopy(X.toFloats(), 0, first, 0, 6);
      float[] alone = run(model.graph(), HostTensor.of(first, 1, 2, 3));
      for (int i = 0; i < 4; i++) {
        assertEquals(both[i], alone[i]);
      }
    }
  }

  @Test
  void codesOfATableStandForFloats() {
    m.graph()
        .addInitializer(tensor("table", UINT8, new int[] {0, 128, 255, 130}, 2, 2))
        .addInitializer(tensor("zero", UINT8, new int[] {128}))
        .addInitializer(floats("scales", 0.5f, 10));
    String x = m.input("x", FLOAT, "n", 2);
    String table = m.node("DequantizeLinear", List.of("table", "scales"), integer("axis", 0));
    String shared = m.node("DequantizeLinear", List.of("table", m.number(0.5f), "zero"));
    m.output(m.node("Add", m.node("Add", x, table), shared));
    try (OnnxModel model = OnnxImporter.read(m.write(folder))) {
      assertArrayEquals(
          new float[] {-64, 64, 2550 + 63.5f, 1301},
          run(model.graph(), HostTensor.of(new float[4], 2, 2)));
    }
  }

  @Test
  void scalesOfBlocksAreRefused() {
    m.graph().addInitializer(tensor("table", UINT8, new int[] {0, 128, 255, 130}, 2, 2));
    m.output(
        m.node("DequantizeLinear", List.of("table", m.number(0.5f)), integer("block_size", 2)));
    Path file = m.write(folder);
    assertEquals(
        OnnxException.Kind.UNSUPPORTED,
        assertThrows(OnnxException.class, () -> OnnxImporter.read(file)).kind());
  }
}
