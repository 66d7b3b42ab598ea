package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Cast;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.op.Unary.Kind;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Quantizer;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ComputeInTest {
  private final GraphBuilder g = new GraphBuilder("test");
  private final Random random = new Random(3);

  private Value weight(String name, DType dtype, long... shape) {
    return g.constant(name, Before.random(dtype, Shape.of(shape), random));
  }

  private Value weight(String name, long... shape) {
    return weight(name, DType.F32, shape);
  }

  private static Node node(Graph graph, String name) {
    return graph.nodes().stream().filter(n -> n.name().equals(name)).findFirst().orElseThrow();
  }

  private static DType type(Value value) {
    return value.type().dtype();
  }

  private static List<DType> types(Node node) {
    return node.inputs().stream().map(ComputeInTest::type).toList();
  }

  /** One layer and a head, of a checkpoint whose table is of another narrow type. */
  private Graph decoder() {
    Value ids = g.input("ids", TensorType.of(DType.I32, "tokens"));
    Value words = weight("words", DType.F16, 11, 8);
    Value x = g.cast(g.embedding("embedding", words, ids), DType.F32);
    Value inner = g.linear("inner", x, weight("inner.w", 8, 8), weight("inner.b", 8));
    Value sum = g.add(x, g.unary(Kind.GELU, inner));
    Value normed = g.layerNorm("norm", sum, weight("scale", 8), weight("shift", 8), 1e-5);
    Value logits = g.linear("logits", normed, weight("head", 11, 8), null);
    g.output("logits", logits);
    g.output("chances", g.softmax(logits, 1));
    g.output("hidden", normed);
    return g.build();
  }

  @Test
  void matricesAndWhatPassesBetweenNodesAreNarrowVectorsAndLogitsAreNot() {
    Graph graph = new ComputeIn(DType.BF16).apply(decoder());
    assertEquals(List.of(DType.BF16, DType.I32), types(node(graph, "embedding")), graph.text());
    assertEquals(List.of(DType.BF16, DType.BF16, DType.F32), types(node(graph, "inner")));
    assertEquals(List.of(DType.BF16, DType.F32, DType.F32), types(node(graph, "norm")));
    assertEquals(List.of(DType.F32, DType.BF16), types(node(graph, "logits")));
    graph.outputs().values().forEach(value -> assertEquals(DType.F32, type(value)));
    // Of the normed rows before the logits, which serves the output, too.
    assertEquals(1, Before.count(graph).get("Cast"), graph.text());
    long wide =
        graph.constants().values().stream()
            .filter(constant -> constant.dtype() == DType.F32 && constant.shape().rank() > 1)
            .count();
    assertEquals(0, wide);
  }

  @Test
  void constantsAreRoundedToTheNearest() {
    Value x = g.input("x", TensorType.of(DType.F32, 1, 2));
    HostTensor weights = HostTensor.of(new float[] {1.00390625f, -3.01171875f}, 1, 2);
    Value y = g.linear("y", x, g.constant("w", weights), null);
    g.output("y", g.add("relu", new Unary(Kind.RELU), y));
    Graph graph = new ComputeIn(DType.BF16).apply(g.build());
    Value rounded = Before.only(MatMul.class, graph).input(MatMul.B);
    assertEquals(1, graph.constant(rounded).getDouble(0), "a tie goes to the even one");
    assertEquals(-3.015625, graph.constant(rounded).getDouble(1));
  }

  @Test
  void quantizedMatricesTakeAndGiveFloat32() {
    HostTensor blocks = HostTensor.heap(DType.Q8_0, Shape.of(6, 32));
    float[] numbers = Before.random(DType.F32, Shape.of(6, 32), random).toFloats();
    new Quantizer(DType.Q8_0).quantize(numbers, 0, numbers.length, blocks.memory(), 0);
    Value x = g.input("x", TensorType.of(DType.F32, "tokens", 32));
    Value normed = g.layerNorm("norm", x, weight("scale", 32), null, 1e-5);
    Value y = g.linear("quantized", normed, g.constant("blocks", blocks), weight("b", 6));
    g.output("z", g.linear("plain", y, weight("w", 4, 6), null));
    Graph graph = new ComputeIn(DType.F16).apply(g.build());
    assertEquals(
        List.of(DType.F32, DType.Q8_0, DType.F32), types(node(graph, "quantized")), graph.text());
    assertEquals(DType.F32, type(node(graph, "norm").output()), "nothing rounds it on the way");
  }

  @Test
  void aGraphThatQuantizesAndOneInFloat32StayAsTheyAre() {
    Value x = g.input("x", TensorType.of(DType.F32, "tokens", 8));
    Value codes = g.add("codes", new DynamicQuantize(1, true), x);
    Graph graph = g.output("y", g.linear("product", codes, weight("w", 4, 8), null)).build();
    assertSame(graph, new ComputeIn(DType.BF16).apply(graph));
    assertSame(graph, new ComputeIn(DType.F32).apply(graph));
    assertThrows(IllegalArgumentException.class, () -> new ComputeIn(DType.F64));
  }

  @Test
  void whatIsNotFloat32IsNotTouched() {
    Value x = g.input("x", TensorType.of(DType.F64, "tokens", 8));
    Value normed = g.add("norm", new LayerNorm(1, 1e-5), x, weight("scale", DType.F64, 8));
    g.output("y", g.linear("product", normed, weight("w", DType.F64, 4, 8), null));
    Graph graph = g.build();
    assertEquals(graph.text(), new ComputeIn(DType.BF16).apply(graph).text());
    assertTrue(graph.nodes().stream().noneMatch(node -> node.op() instanceof Cast));
  }
}
