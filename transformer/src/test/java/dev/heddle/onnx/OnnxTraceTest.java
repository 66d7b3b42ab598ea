package dev.heddle.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.NodeProto;
import dev.heddle.backend.Backend;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionLayer;
import dev.heddle.model.AttentionSelection;
import dev.heddle.model.AttentionTrace;
import dev.heddle.model.AttentionWeights;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.model.Trace;
import dev.heddle.reference.Interpreter;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxTraceTest {
  private static final int[] IDS = {3, 17, 4, 9};
  private static final int[] TYPES = {0, 0, 1, 1};

  @TempDir private Path folder;

  @Test
  void outputsAreShownWithoutTheAxisOfTheBatchUnderTheNamesOfTheFixtures() {
    ModelFile file = ExportedBert.model(1);
    output(file, last(file, "Softmax"), "attentions.0");
    output(file, "last_hidden_state", "hidden_states.1");
    Map<String, HostTensor> expected;
    try (OnnxModel imported = OnnxImporter.read(file.write(folder))) {
      Map<String, HostTensor> inputs =
          Map.of(
              "input_ids", HostTensor.of(new long[] {3, 17, 4, 9}, 1, 4),
              "attention_mask", HostTensor.of(new long[] {1, 1, 1, 1}, 1, 4),
              "token_type_ids", HostTensor.of(new long[] {0, 0, 1, 1}, 1, 4));
      expected = Interpreter.run(imported.graph(), inputs, Map.of());
    }
    try (Model model = Models.open(folder.resolve("model.onnx"));
        Backend backend = new ReferenceBackend();
        Trace trace = Trace.of(model, backend)) {
      Map<String, HostTensor> shown = trace.run(IDS, TYPES);
      assertEquals(
          Set.of("input_ids", "token_type_ids", "last_hidden_state", "hidden.1", "attention.0"),
          shown.keySet());
      assertEquals(Shape.of(4), shown.get("input_ids").shape());
      assertEquals(Shape.of(4, 12), shown.get("last_hidden_state").shape());
      assertEquals(Shape.of(3, 4, 4), shown.get("attention.0").shape());
      assertSame(expected.get("last_hidden_state"), shown.get("last_hidden_state"));
      assertSame(expected.get("last_hidden_state"), shown.get("hidden.1"));
      assertSame(expected.get("attentions.0"), shown.get("attention.0"));
      String message =
          assertThrows(InvalidInputException.class, () -> trace.run(IDS, new int[] {0}))
              .getMessage();
      assertTrue(message.contains("1 token types for 4 ids"), message);
    }
  }

  @Test
  void attentionIsFoundInAGraphWhoseOutputsDoNotShowIt() {
    ModelFile file = ExportedBert.model(2);
    output(file, last(file, "Softmax"), "attentions.1");
    try (Model model = Models.open(file.write(folder));
        Backend backend = new ReferenceBackend();
        Trace trace = Trace.of(model, backend);
        AttentionTrace attention = AttentionTrace.of(model, backend, AttentionSelection.ALL)) {
      assertEquals(
          List.of(
              new AttentionLayer(AttentionKind.ENCODER, 0, 3),
              new AttentionLayer(AttentionKind.ENCODER, 1, 3)),
          AttentionTrace.layers(model));
      float[] expected = trace.run(IDS, TYPES).get("attention.1").toFloats();
      List<AttentionWeights> maps = attention.run(IDS, TYPES, null);
      assertEquals(6, maps.size());
      for (int head = 0; head < 3; head++) {
        assertArrayEquals(
            Arrays.copyOfRange(expected, head * 16, (head + 1) * 16),
            maps.get(3 + head).values(),
            1e-5f);
      }
    }
  }

  @Test
  void aGraphThatIsNoEncoderIsRefused() {
    ModelFile file = new ModelFile(11);
    file.input("pixels", ModelFile.FLOAT, "batch", 3);
    file.graph()
        .addNode(NodeProto.newBuilder().setOpType("Relu").addInput("pixels").addOutput("y"));
    file.output("y");
    try (Model model = Models.open(file.write(folder));
        Backend backend = new ReferenceBackend()) {
      String message =
          assertThrows(ModelException.class, () -> Trace.of(model, backend)).getMessage();
      assertTrue(message.contains("pixels") && message.contains("input_ids"), message);
    }
  }

  private static String last(ModelFile file, String type) {
    return file.graph().getNodeList().stream()
        .filter(node -> node.getOpType().equals(type))
        .reduce((a, b) -> b)
        .orElseThrow()
        .getOutput(0);
  }

  private static void output(ModelFile file, String value, String name) {
    file.graph()
        .addNode(NodeProto.newBuilder().setOpType("Identity").addInput(value).addOutput(name));
    file.output(name);
  }

  private static void assertSame(HostTensor expected, HostTensor actual) {
    assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-5f);
  }
}
