package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.INT64;
import static dev.heddle.onnx.ModelFile.integer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import com.google.protobuf.ByteString;
import dev.heddle.pass.Passes;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forms of operators that the standard's own tests leave out; results by hand. */
class OperatorVariantsTest {
  private static final int INT32 = 6;
  private static final int BFLOAT16 = 16;

  @TempDir private Path folder;

  /** The only output, which is the same before and after the standard passes. */
  private HostTensor run(ModelFile model, Map<String, HostTensor> inputs) {
    try (OnnxModel read = OnnxImporter.read(model.write(folder))) {
      HostTensor plain = only(Interpreter.run(read.graph(), inputs, Map.of()));
      HostTensor passed =
          only(Interpreter.run(Passes.standard().apply(read.graph()), inputs, Map.of()));
      assertArrayEquals(plain.toDoubles(), passed.toDoubles());
      assertEquals(plain.dtype(), passed.dtype());
      return plain;
    }
  }

  private static HostTensor only(Map<String, HostTensor> outputs) {
    assertEquals(1, outputs.size());
    return outputs.values().iterator().next();
  }

  private static AttributeProto real(String name, float value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.FLOAT)
        .setF(value)
        .build();
  }

  @Test
  void beforeOperatorSet7AnAxisSaysHowOperandsAreBroadcast() {
    ModelFile m = new ModelFile(6);
    String x = m.input("x", FLOAT, 2, 2, 2);
    m.output(
        m.node(
            "Sub",
            List.of(x, m.input("y", FLOAT, 2)),
            integer("broadcast", 1),
            integer("axis", 1)));
    HostTensor y =
        run(
            m,
            Map.of(
                "x", HostTensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2),
                "y", HostTensor.of(new float[] {10, 20}, 2)));
    assertArrayEquals(new float[] {-9, -8, -17, -16, -5, -4, -13, -12}, y.toFloats());
  }

  @Test
  void beforeOperatorSet6CastsNameTheirType() {
    ModelFile m = new ModelFile(1);
    AttributeProto to =
        AttributeProto.newBuilder()
            .setName("to")
            .setType(AttributeType.STRING)
            .setS(ByteString.copyFromUtf8("INT32"))
            .build();
    m.output(m.node("Cast", List.of(m.input("x", FLOAT, 2)), to));
    HostTensor y = run(m, Map.of("x", HostTensor.of(new float[] {-3.7f, 2.5f}, 2)));
    assertEquals(DType.I32, y.dtype());
    assertArrayEquals(new long[] {-3, 2}, y.toLongs());
  }

  @Test
  void infinitiesAreFoundByTheirSign() {
    for (int wanted = 0; wanted < 4; wanted++) {
      ModelFile m = new ModelFile(20);
      int below = wanted & 1;
      int above = wanted >> 1;
      m.output(
          m.node(
              "IsInf",
              List.of(m.input("x", FLOAT, 4)),
              integer("detect_negative", below),
              integer("detect_positive", above)));
      float[] x = {Float.NEGATIVE_INFINITY, 1, Float.POSITIVE_INFINITY, Float.NaN};
      HostTensor y = run(m, Map.of("x", HostTensor.of(x, 4)));
      assertArrayEquals(new long[] {below, 0, above, 0}, y.toLongs());
    }
  }

  @Test
  void integersAreMultipliedAsMatrices() {

    long[][] expected = {{22, 28, 49, 64}, {22, 28}, {14, 32}, {14}};
    for (int i = 0; i < expected.length; i++) {
      boolean matrix = i % 2 == 0;
      boolean column = i >= 2;
      ModelFile m = new ModelFile(13);
      m.output(
          m.node(
              "MatMul",
              matrix ? m.input("a", INT64, 2, 3) : m.input("a", INT64, 3),
              column ? m.input("b", INT64, 3) : m.input("b", INT64, 3, 2)));
      HostTensor a =
          matrix
              ? HostTensor.of(new long[] {1, 2, 3, 4, 5, 6}, 2, 3)
              : HostTensor.of(new long[] {1, 2, 3}, 3);
      HostTensor b =
          column
              ? HostTensor.of(new long[] {1, 2, 3}, 3)
              : HostTensor.of(new long[] {1, 2, 3, 4, 5, 6}, 3, 2);
      HostTensor y = run(m, Map.of("a", a, "b", b));
      assertEquals(DType.I64, y.dtype());
      assertArrayEquals(expected[i], y.toLongs());
    }
  }

  @Test
  void aProductOfIntegersIsTransposedScaledAndAddedTo() {
    ModelFile m = new ModelFile(13);
    String a = m.input("a", INT32, 3, 2);
    String b = m.input("b", INT32, 2, 3);
    m.output(
        m.node(
            "Gemm",
            List.of(a, b, m.input("c", INT32, 2, 1)),
            integer("transA", 1),
            integer("transB", 1),
            real("alpha", 2),
            real("beta", -1)));
    HostTensor y =
        run(
            m,
            Map.of(
                "a", HostTensor.of(new int[] {1, 4, 2, 5, 3, 6}, 3, 2),
                "b", HostTensor.of(new int[] {1, 3, 5, 2, 4, 6}, 2, 3),
                "c", HostTensor.of(new int[] {100, 200}, 2, 1)));
    assertArrayEquals(new long[] {44 - 100, 56 - 100, 98 - 200, 128 - 200}, y.toLongs());
  }

  /** 256 + 0.75 + 0.75: rounded once it is 258, rounded after each sum 256. */
  @Test
  void aProductOfShortFloatsIsRoundedOnce() {
    ModelFile m = new ModelFile(13);
    String a = m.input("a", BFLOAT16, 1, 2);
    String b = m.input("b", BFLOAT16, 2, 1);
    m.output(m.node("Gemm", List.of(a, b, m.input("c", BFLOAT16, 1, 1)), real("beta", 0.5f)));
    HostTensor y =
        run(
            m,
            Map.of(
                "a", bf16(new double[] {256, 0.75}, 1, 2),
                "b", bf16(new double[] {1, 1}, 2, 1),
                "c", bf16(new double[] {1.5}, 1, 1)));
    assertEquals(DType.BF16, y.dtype());
    assertArrayEquals(new float[] {258}, y.toFloats());
  }

  private static HostTensor bf16(double[] values, long... dims) {
    HostTensor tensor = HostTensor.heap(DType.BF16, Shape.of(dims));
    for (int i = 0; i < values.length; i++) {
      tensor.setDouble(i, values[i]);
    }
    return tensor;
  }

  @Test
  void backwardSlicesOfASymbolAreCutBackInTheRun() {
    long[][] bounds = {{20, 0, -1}, {-1, -100, -2}, {3, -100, -1}, {-2, 0, -1}, {20, 1, -3}};
    float[][] expected = {{5, 4, 3, 2}, {5, 3, 1}, {4, 3, 2, 1}, {4, 3, 2}, {5}};
    for (int i = 0; i < bounds.length; i++) {
      ModelFile m = new ModelFile(13);
      String x = m.input("x", FLOAT, "n");
      long[] b = bounds[i];
      m.output(m.node("Slice", x, m.numbers(b[0]), m.numbers(b[1]), m.numbers(0), m.numbers(b[2])));
      HostTensor y = run(m, Map.of("x", HostTensor.of(new float[] {1, 2, 3, 4, 5}, 5)));
      assertArrayEquals(expected[i], y.toFloats());
    }
  }
}
