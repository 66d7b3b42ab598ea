package dev.heddle.onnx;

import static dev.heddle.onnx.ExportedBert.Way.ATTENTION_HEADS;
import static dev.heddle.onnx.ExportedBert.Way.ATTENTION_TOKENS;
import static dev.heddle.onnx.ExportedBert.Way.CONSTANT_SHAPES;
import static dev.heddle.onnx.ExportedBert.Way.GELU_HALF_FIRST;
import static dev.heddle.onnx.ExportedBert.Way.GELU_OPERATOR;
import static dev.heddle.onnx.ExportedBert.Way.GELU_OUTER_HALF;
import static dev.heddle.onnx.ExportedBert.Way.GELU_TANH;
import static dev.heddle.onnx.ExportedBert.Way.GEMM;
import static dev.heddle.onnx.ExportedBert.Way.GUARDED;
import static dev.heddle.onnx.ExportedBert.Way.INDEXED;
import static dev.heddle.onnx.ExportedBert.Way.KEYS_FLATTENED;
import static dev.heddle.onnx.ExportedBert.Way.KEYS_TWICE;
import static dev.heddle.onnx.ExportedBert.Way.LENGTHS;
import static dev.heddle.onnx.ExportedBert.Way.MASK_BOOLEAN;
import static dev.heddle.onnx.ExportedBert.Way.MASK_EQUAL;
import static dev.heddle.onnx.ExportedBert.Way.MASK_EXPANDED;
import static dev.heddle.onnx.ExportedBert.Way.MASK_OR;
import static dev.heddle.onnx.ExportedBert.Way.MICROSOFT;
import static dev.heddle.onnx.ExportedBert.Way.MICROSOFT_ATTENTION;
import static dev.heddle.onnx.ExportedBert.Way.MULTI_HEAD_ATTENTION;
import static dev.heddle.onnx.ExportedBert.Way.NORM_INVERTED;
import static dev.heddle.onnx.ExportedBert.Way.NORM_OPERATOR;
import static dev.heddle.onnx.ExportedBert.Way.NOTHINGS;
import static dev.heddle.onnx.ExportedBert.Way.NO_TOKEN_TYPES;
import static dev.heddle.onnx.ExportedBert.Way.POSITIONS_COUNTED;
import static dev.heddle.onnx.ExportedBert.Way.POSITIONS_SUMMED;
import static dev.heddle.onnx.ExportedBert.Way.QUERIES_DIVIDED;
import static dev.heddle.onnx.ExportedBert.Way.RELATIVE_BIAS;
import static dev.heddle.onnx.ExportedBert.Way.RELU;
import static dev.heddle.onnx.ExportedBert.Way.RMS;
import static dev.heddle.onnx.ExportedBert.Way.ROOTS_OF_SHAPE;
import static dev.heddle.onnx.ExportedBert.Way.SCORES_MULTIPLIED;
import static dev.heddle.onnx.ExportedBert.Way.SPLIT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.onnx.ExportedBert.Way;
import dev.heddle.op.Attention;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary.Kind;
import dev.heddle.pass.Passes;
import dev.heddle.pass.RemovePadding;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.HostTensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** One encoder as exporters write it: each file becomes the same few operations a layer. */
class ExportedModelsTest {
  @TempDir private Path folder;

  private static final String STATES = "last_hidden_state";
  private static final long[] IDS = {3, 5, 7, 9, 11, 13, 15, 17};
  private static final long[] TYPES = {0, 0, 1, 1, 0, 1, 1, 1};

  private record File(long opset, List<Way> ways) {}

  private static Map<String, File> files() {
    Map<String, File> all = new LinkedHashMap<>();
    add(all, "PyTorch, 11", 11);
    add(all, "PyTorch, 13", 13);
    add(all, "PyTorch, 14", 14, GELU_HALF_FIRST, KEYS_TWICE);
    add(all, "PyTorch, 17", 17, NORM_OPERATOR, SCORES_MULTIPLIED);
    add(all, "PyTorch, mask expanded", 14, MASK_EXPANDED, GELU_OUTER_HALF);
    add(all, "PyTorch, sdpa", 14, MASK_EXPANDED, ROOTS_OF_SHAPE, KEYS_TWICE, GUARDED);
    add(all, "PyTorch, sdpa with booleans", 17, MASK_BOOLEAN, ROOTS_OF_SHAPE, GUARDED);
    add(all, "not or", 12, MASK_OR, QUERIES_DIVIDED, RELU);
    add(all, "split", 11, SPLIT, NORM_INVERTED);
    add(all, "split, 13", 13, SPLIT, CONSTANT_SHAPES);
    add(all, "indexed", 14, INDEXED, GELU_TANH);
    add(all, "indexed, Gemm", 17, INDEXED, GEMM, NORM_OPERATOR);
    add(all, "Gemm", 11, GEMM);
    add(all, "Gemm, split", 13, GEMM, SPLIT);
    add(all, "nothings", 13, NOTHINGS);
    add(
        all,
        "dynamo",
        18,
        POSITIONS_COUNTED,
        KEYS_FLATTENED,
        ROOTS_OF_SHAPE,
        MASK_BOOLEAN,
        CONSTANT_SHAPES,
        NORM_OPERATOR);
    add(all, "dynamo, 20", 20, GELU_OPERATOR, POSITIONS_COUNTED, NORM_OPERATOR, MASK_EXPANDED);
    add(all, "attention of heads", 23, ATTENTION_HEADS, NORM_OPERATOR, GELU_OPERATOR);
    add(all, "attention of tokens", 23, ATTENTION_TOKENS, MASK_BOOLEAN, RMS, NORM_OPERATOR);
    add(all, "rms norm", 18, RMS, NORM_INVERTED);
    add(all, "DistilBERT", 12, NO_TOKEN_TYPES, MASK_EQUAL, QUERIES_DIVIDED);
    add(all, "RoBERTa", 14, NO_TOKEN_TYPES, POSITIONS_SUMMED);
    add(all, "ONNX Runtime", 17, MICROSOFT, MICROSOFT_ATTENTION, LENGTHS);
    add(all, "ONNX Runtime, DistilBERT", 17, MICROSOFT, MICROSOFT_ATTENTION, NO_TOKEN_TYPES);
    add(all, "ONNX Runtime, heads", 17, MICROSOFT, MULTI_HEAD_ATTENTION, GELU_TANH);
    add(all, "ONNX Runtime, lengths", 17, MICROSOFT, MULTI_HEAD_ATTENTION, LENGTHS, RMS);
    add(all, "T5, MPNet", 13, RELATIVE_BIAS, NO_TOKEN_TYPES);
    add(all, "ONNX Runtime, MPNet", 17, RELATIVE_BIAS, MICROSOFT_ATTENTION);
    return all;
  }

  private static void add(Map<String, File> all, String name, long opset, Way... ways) {
    all.put(name, new File(opset, List.of(ways)));
  }

  private OnnxModel read(File file, int layers) {
    return OnnxImporter.read(
        ExportedBert.model(layers, file.opset, file.ways.toArray(Way[]::new)).write(folder));
  }

  @TestFactory
  Stream<DynamicTest> everyFileBecomesItsArchitecture() {
    return files().entrySet().stream()
        .map(e -> dynamicTest(e.getKey(), () -> becomesItsArchitecture(e.getValue())));
  }

  private void becomesItsArchitecture(File file) {
    Map<String, Integer> two;
    try (OnnxModel model = read(file, 2)) {
      Graph fused = Passes.standard().apply(model.graph());
      Map<String, HostTensor> inputs = padded(model.graph());
      assertSame(run(model.graph(), inputs), run(fused, inputs), fused);
      two = count(fused);
      assertEquals(
          2,
          fused.nodes().stream()
              .filter(n -> n.op() instanceof MatMul p && p.activation() == activation(file))
              .count(),
          fused::text);
      ragged(model.graph(), file);
    }
    try (OnnxModel model = read(file, 1)) {
      Graph fused = Passes.standard().apply(model.graph());
      count(fused).forEach((op, count) -> two.merge(op, -count, Integer::sum));
      two.values().removeIf(count -> count == 0);
      String norm = file.ways.contains(RMS) ? "RmsNorm" : "LayerNorm";
      assertEquals(Map.of("Attention", 1, norm, 2, "MatMul", 6), two, fused::text);
    }
  }

  private static Kind activation(File file) {
    return file.ways.contains(RELU)
        ? Kind.RELU
        : file.ways.contains(GELU_TANH) ? Kind.GELU_TANH : Kind.GELU;
  }

  private static void ragged(Graph graph, File file) {
    var result = RemovePadding.apply(graph, "attention_mask", List.of(STATES));
    var ragged = assertInstanceOf(RemovePadding.Result.Ragged.class, result, result::toString);
    Graph fused = Passes.standard().apply(ragged.graph());
    fused.nodes().stream()
        .filter(node -> node.op() instanceof Attention)
        .forEach(node -> assertEquals(Attention.Layout.RAGGED, ((Attention) node.op()).layout()));
    Map<String, HostTensor> inputs = new HashMap<>();
    inputs.put("input_ids", tokens(IDS));
    inputs.put("token_type_ids", tokens(TYPES));
    inputs.put("cu_seq_lens", HostTensor.of(new int[] {0, 4, 7}, 3));
    inputs.put("positions", HostTensor.of(new int[] {0, 1, 2, 3, 0, 1, 2}, 7));
    Set<String> names = names(fused);
    inputs.keySet().retainAll(names);
    float[] padded = run(graph, padded(graph)).toFloats();
    float[] expected = new float[7 * ExportedBert.HIDDEN];
    System.arraycopy(padded, 0, expected, 0, expected.length);
    assertArrayEquals(expected, run(fused, inputs).toFloats(), 2e-5f, fused::text);
  }

  private static HostTensor tokens(long[] padded) {
    return HostTensor.of(java.util.Arrays.copyOf(padded, 7), 7);
  }

  private static Set<String> names(Graph graph) {
    return new java.util.HashSet<>(graph.inputs().stream().map(Value::name).toList());
  }

  /** Two sequences of four and three tokens. */
  private static Map<String, HostTensor> padded(Graph graph) {
    Map<String, HostTensor> inputs = new HashMap<>();
    inputs.put("input_ids", HostTensor.of(IDS, 2, 4));
    inputs.put("token_type_ids", HostTensor.of(TYPES, 2, 4));
    inputs.put("attention_mask", HostTensor.of(new long[] {1, 1, 1, 1, 1, 1, 1, 0}, 2, 4));
    inputs.keySet().retainAll(names(graph));
    return inputs;
  }

  private static HostTensor run(Graph graph, Map<String, HostTensor> inputs) {
    return Interpreter.run(graph, inputs, Map.of()).get(STATES);
  }

  private static void assertSame(HostTensor expected, HostTensor actual, Graph graph) {
    assertArrayEquals(expected.toFloats(), actual.toFloats(), 2e-5f, graph::text);
  }

  private static Map<String, Integer> count(Graph graph) {
    Map<String, Integer> count = new TreeMap<>();
    graph.nodes().forEach(node -> count.merge(node.op().name(), 1, Integer::sum));
    return count;
  }
}
