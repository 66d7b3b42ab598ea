package dev.heddle.onnx;

import static dev.heddle.onnx.ModelFile.FLOAT;
import static dev.heddle.onnx.ModelFile.INT64;
import static dev.heddle.onnx.ModelFile.attribute;
import static dev.heddle.onnx.ModelFile.integer;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.heddle.graph.Graph;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.pass.Passes;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxImporterTest {
  @TempDir private Path folder;

  private Graph read(ModelFile model) {
    return read(model, OnnxOptions.DEFAULT);
  }

  /** A graph that needs no weights of the file any more. */
  private Graph read(ModelFile model, OnnxOptions options) {
    try (OnnxModel read = OnnxImporter.read(model.write(folder), options)) {
      return read.graph();
    }
  }

  private static Map<String, Integer> count(Graph graph) {
    Map<String, Integer> count = new TreeMap<>();
    graph.nodes().forEach(node -> count.merge(node.op().name(), 1, Integer::sum));
    return count;
  }

  @Test
  void anExportedEncoderBecomesItsArchitecture() {
    try (OnnxModel model = OnnxImporter.read(ExportedBert.model(2).write(folder))) {
      Graph fused = Passes.standard().apply(model.graph());
      Map<String, Integer> count = count(fused);
      assertEquals(2, count.get("Attention"), fused::text);
      assertEquals(5, count.get("LayerNorm"));
      assertEquals(12, count.get("MatMul"));
      assertEquals(1, count.get("Reshape"), "that of the mask");
      assertEquals(29, fused.nodes().size(), fused::text);
      assertEquals(
          2,
          fused.nodes().stream()
              .filter(n -> n.op() instanceof MatMul m && m.activation() == Unary.Kind.GELU)
              .count());
      assertEquals(
          1,
          fused.nodes().stream()
              .filter(n -> n.op() instanceof Attention)
              .map(n -> n.input(Attention.MASK))
              .distinct()
              .count(),
          "the mask is computed once");
      TensorType type = TensorType.of(DType.F32, "batch_size", "sequence_length", 12);
      assertEquals(type, fused.outputs().get("last_hidden_state").type());

      Map<String, HostTensor> inputs =
          Map.of(
              "input_ids", HostTensor.of(new long[] {3, 5, 7, 9, 11, 13}, 2, 3),
              "attention_mask", HostTensor.of(new long[] {1, 1, 1, 1, 1, 0}, 2, 3),
              "token_type_ids", HostTensor.of(new long[] {0, 1, 1, 0, 0, 0}, 2, 3));
      assertArrayEquals(
          Interpreter.run(model.graph(), inputs, Map.of()).get("last_hidden_state").toFloats(),
          Interpreter.run(fused, inputs, Map.of()).get("last_hidden_state").toFloats(),
          1e-5f);
    }
  }

  @Test
  void shapeArithmeticLeavesNoNodes() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, "batch", "sequence", 12);
    String shape = m.node("Shape", x);
    String rows = m.node("Slice", shape, m.numbers(0), m.numbers(2));
    String tokens = m.node("ReduceProd", List.of(rows), integer("keepdims", 1));
    String half = m.node("Div", m.node("Mul", tokens, m.number(6)), m.number(3));
    String target = m.node("Concat", List.of(half, m.numbers(-1)), integer("axis", 0));
    String y = m.node("Reshape", x, target);
    String grown = m.node("Concat", List.of(m.numbers(7), m.node("Shape", y)), integer("axis", 0));
    String isOpen = m.node("Equal", grown, m.numbers(-1, -1, -1));
    String chosen = m.node("Where", isOpen, m.numbers(1, 1, 1), grown);
    m.output(m.node("Expand", y, chosen));
    Graph graph = read(m);
    assertEquals(Map.of("Expand", 1, "Reshape", 1), count(graph), graph::text);
    TensorType type = graph.outputs().values().iterator().next().type();
    assertEquals("f32 [7, 2*batch*sequence, 6]", type.toString());
  }

  @Test
  void dimensionsThatAreWantedAsDataAreGiven() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, "batch", 4);
    m.output(m.node("Cast", List.of(m.node("Shape", x)), integer("to", FLOAT)));
    Graph graph = read(m);
    HostTensor given = HostTensor.of(new float[12], 3, 4);
    HostTensor y = Interpreter.run(graph, Map.of("x", given), Map.of()).values().iterator().next();
    assertArrayEquals(new float[] {3, 4}, y.toFloats());
  }

  @Test
  void slicesFollowNumpy() {
    assertEquals("[5] start 0", sliced(10, 0, 5, 1));
    assertEquals("[10] start whole", sliced(10, -100, 100, 1));
    assertEquals("[3] start 7", sliced(10, -3, Long.MAX_VALUE, 1));
    assertEquals("[0] start 8", sliced(10, 8, 3, 1));
    assertEquals("[4] start 1", sliced(10, 1, 9, 2));
    assertEquals("[10] start 9", sliced(10, Long.MAX_VALUE, Long.MIN_VALUE, -1));
    assertEquals("[3] start 8", sliced(10, -2, 2, -2));
    assertEquals("[n] start whole", sliced("n", 0, Long.MAX_VALUE, 1));
    assertEquals("[min(512, n)] start 0", sliced("n", 0, 512, 1));
    assertEquals("[1] start 0", sliced("n", 0, 1, 1));
    assertEquals("[1] start n - 1", sliced("n", -1, Long.MAX_VALUE, 1));
    assertEquals("[n - 1] start 0", sliced("n", 0, -1, 1));
    assertEquals("[n] start n - 1", sliced("n", -1, Long.MIN_VALUE, -1));
  }

  private String sliced(Object extent, long start, long end, long step) {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, extent);
    m.output(m.node("Slice", x, m.numbers(start), m.numbers(end), m.numbers(0), m.numbers(step)));
    Graph graph = read(m);
    String dims = graph.outputs().values().iterator().next().type().dims().toString();
    String from =
        graph.nodes().isEmpty()
            ? "whole"
            : ((dev.heddle.op.Slice) graph.nodes().getFirst().op()).start().toString();
    return dims + " start " + from;
  }

  @Test
  void dimensionsKeepTheirNames() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, "batch size", "past + new", "", 3);
    m.output(m.node("Relu", x));
    try (OnnxModel model = OnnxImporter.read(m.write(folder))) {
      assertEquals(
          "f32 [batch_size, new + past, x.2, 3]",
          model.graph().inputs().getFirst().type().toString());
      assertEquals(1, model.notes().size());
    }
    OnnxOptions options = OnnxOptions.DEFAULT.withDim("past", Dim.of(5)).withDim("x.2", Dim.ONE);
    assertEquals(
        "f32 [batch_size, new + 5, 1, 3]", read(m, options).inputs().getFirst().type().toString());
  }

  @Test
  void aShapeThatDependsOnDataMustBeKnown() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, 2, 6);
    String shape = m.input("shape", INT64, 3);
    m.output(m.node("Reshape", x, shape));
    OnnxException e = assertThrows(OnnxException.class, () -> read(m));
    assertEquals(OnnxException.Kind.UNSUPPORTED, e.kind());
    assertTrue(e.getMessage().contains("operand \"shape\", depends on the data of a run"));

    HostTensor known = HostTensor.of(new long[] {0, 3, -1}, 3);
    Graph graph = read(m, OnnxOptions.DEFAULT.withKnown("shape", known));
    assertEquals(1, graph.inputs().size());
    assertEquals("[2, 3, 2]", graph.outputs().values().iterator().next().type().dims().toString());

    HostTensor wrong = HostTensor.of(new long[] {1, 12}, 2);
    assertThrows(OnnxException.class, () -> read(m, OnnxOptions.DEFAULT.withKnown("shape", wrong)));
    assertThrows(OnnxException.class, () -> read(m, OnnxOptions.DEFAULT.withKnown("other", known)));
  }

  @Test
  void aBranchWhoseConditionIsKnownIsTaken() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, "batch", 4);
    String rank = m.node("Size", m.node("Shape", x));
    String isMatrix = m.node("Equal", rank, m.number(2));
    m.output(
        m.node(
            "If",
            List.of(isMatrix),
            ModelFile.graph("then_branch", branch("Relu", x)),
            ModelFile.graph("else_branch", branch("Unheard", x))));
    assertEquals(Map.of("RELU", 1), count(read(m)));
  }

  private static GraphProto branch(String type, String x) {
    return GraphProto.newBuilder()
        .addNode(NodeProto.newBuilder().setOpType(type).addInput(x).addOutput(type))
        .addOutput(ValueInfoProto.newBuilder().setName(type))
        .build();
  }

  @Test
  void whatIsNotSupportedIsNamed() {
    ModelFile m = new ModelFile(17);
    m.output(m.node("NonMaxSuppression", m.input("x", FLOAT, 3)));
    OnnxException e = assertThrows(OnnxException.class, () -> read(m));
    assertEquals(
        folder.resolve("model.onnx")
            + ": node \"/NonMaxSuppression_0\" (\"NonMaxSuppression\" of \"ai.onnx\" 17): "
            + "is not supported; export the model without it",
        e.getMessage());
    assertEquals(17, e.node().orElseThrow().opset());
  }

  @Test
  void operandsThatDoNotFitAreAnErrorOfTheFile() {
    ModelFile m = new ModelFile(17);
    String product = m.node("MatMul", m.input("x", FLOAT, 2, 3), m.input("y", FLOAT, 4, 5));
    m.output(product);
    OnnxException e = assertThrows(OnnxException.class, () -> read(m));
    assertEquals(OnnxException.Kind.MALFORMED, e.kind());
    assertTrue(e.getMessage().contains("/MatMul_0"), e::getMessage);
    assertTrue(e.getMessage().contains("f32 [2, 3], f32 [4, 5]"), e::getMessage);
  }

  @Test
  void softmaxBeforeOperatorSet13TakesAllAxesFromTheFirst() {
    ModelFile m = new ModelFile(11);
    m.output(m.node("Softmax", List.of(m.input("x", FLOAT, 1, 2, 2)), integer("axis", 1)));
    HostTensor x = HostTensor.of(new float[4], 1, 2, 2);
    HostTensor y = Interpreter.run(read(m), Map.of("x", x), Map.of()).values().iterator().next();
    assertArrayEquals(new float[] {0.25f, 0.25f, 0.25f, 0.25f}, y.toFloats());
  }

  @Test
  void splitsOfASymbolAreEven() {
    ModelFile m = new ModelFile(11);
    String x = m.input("x", FLOAT, "batch", 7);
    String y = m.node("Split", List.of(x), attribute("split", 3, 4), integer("axis", 1));
    m.graph().getNodeBuilder(0).addOutput("second");
    m.output(y);
    m.output("second");
    Graph graph = read(m);
    assertEquals("f32 [batch, 4]", graph.outputs().get("second").type().toString());
  }

  @Test
  void anExtentThatGrowsWithoutEndIsRefused() {
    ModelFile m = new ModelFile(17);
    String x = m.input("x", FLOAT, "a", "b", "c");
    String size = m.node("Gather", m.node("Shape", x), m.numbers(0, 1, 2));
    String sum = m.node("ReduceSum", List.of(size), integer("keepdims", 0));
    String third = sum;
    for (int i = 0; i < 30; i++) {
      sum = m.node("Mul", sum, sum);
      third = m.node("Add", third, m.node("Div", third, m.number(3)));
    }
    m.output(m.node("ConstantOfShape", m.node("Unsqueeze", sum, m.numbers(0))));
    OnnxException e = assertThrows(OnnxException.class, () -> read(m));
    assertTrue(e.getMessage().contains("expected at most"), e::getMessage);
  }

  @Test
  void manyTensorsThatAreKnownAreLeftToTheRun() {
    ModelFile m = new ModelFile(17);
    for (int i = 0; i < 100; i++) {
      m.output(m.node("ConstantOfShape", m.numbers(16_000 + i)));
    }
    Graph graph = read(m);
    long known = graph.constants().values().stream().mapToLong(t -> 4 * t.shape().elements()).sum();
    assertTrue(known > 1 << 16 && known < 2 << 20, () -> known + " bytes");
    assertEquals(100, graph.outputs().size());
    assertTrue(count(graph).get("Fill") > 50, graph::text);
  }
}
