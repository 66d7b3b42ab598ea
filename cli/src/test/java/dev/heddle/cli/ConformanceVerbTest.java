package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.conformance.Case;
import dev.heddle.conformance.Conformance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceVerbTest {
  @TempDir private Path folder;

  @Test
  void aWrongBackendIsToldItsFirstWrongElementsAndWhatItLacks() throws IOException {
    Path file = folder.resolve("report.jsonl");
    Heddle run = Heddle.run("conformance", "--backend=wrong", "--report=" + file);
    assertEquals(ExitCode.FAILED, run.code(), run.err());

    List<JsonNode> report = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      report.add(new ObjectMapper().readTree(line));
    }
    assertEquals(
        Conformance.cases().map(Case::name).toList(),
        report.stream().map(line -> line.get("name").textValue()).toList());
    long passed = count(report, "passed");
    long failed = count(report, "failed");
    long unsupported = count(report, "unsupported");
    assertTrue(passed > 1000 && failed > 3 && unsupported > 3, run.out());
    for (JsonNode line : report) {
      String op = line.get("op").textValue();
      switch (line.get("status").textValue()) {
        case "failed" -> {
          // Among whole graphs there is one with a sine.
          assertTrue(op.equals("SIN") || op.equals("Graph"), line::toString);
          assertTrue(line.get("reason").textValue().contains("got "), line::toString);
          assertTrue(run.out().contains(line.get("name").textValue()), line::toString);
        }
        case "unsupported" -> {
          assertEquals("CumSum", op);
          assertTrue(line.get("reason").textValue().contains("never learnt"), line::toString);
        }
        default -> assertEquals("", line.get("reason").textValue());
      }
    }
    assertTrue(run.out().contains("it never learnt to add up {i32="), run.out());
    assertEquals(
        "%d passed, %d failed, %d skipped".formatted(passed, failed, unsupported),
        run.out().lines().toList().getLast());
  }

  @Test
  void operatorTestsHaveTheirLinesAndAreNamedAsTheirFolders() throws IOException {
    operatorTest("test_added", "Add", 5);
    operatorTest("test_added_wrongly", "Add", 6);
    operatorTest("test_unheard_of", "Warp", 5);
    Files.createDirectories(folder.resolve("nothing"));
    Path file = folder.resolve("report.jsonl");
    Heddle run =
        Heddle.run("conformance", "--backend=reference", "--onnx=" + folder, "--report=" + file);
    assertEquals(ExitCode.FAILED, run.code(), run.err());
    List<String> lines = run.out().lines().toList();
    assertEquals("passed      test_added", lines.get(0));
    assertEquals(
        "failed      test_added_wrongly: c[1] is 5.0; expected 6.0 within 0.00600", lines.get(1));
    assertTrue(lines.get(2).startsWith("unsupported test_unheard_of: "), run.out());
    assertEquals("1 passed, 1 failed, 1 skipped", lines.getLast());
    assertEquals(
        "{\"name\":\"test_added\",\"op\":\"Add\",\"status\":\"passed\",\"reason\":\"\"}",
        Files.readAllLines(file).getFirst());

    Path one = folder.resolve("test_added");
    assertEquals(
        "passed      test_added%n1 passed, 0 failed, 0 skipped%n".formatted(),
        Heddle.output("conformance", "--backend=reference", "--onnx=" + one));
    Heddle.refuses(
        new String[] {"conformance", "--onnx=" + folder.resolve("nothing")}, "no operator test");
    Heddle.refuses(new String[] {"conformance", "--onnx=nowhere"}, "--onnx nowhere", "no such");
  }

  /**
   * {@code c = op(a, b)} of {@code [2, 3]} and {@code [1, 2]}, which is to be {@code [3, last]}.
   */
  private void operatorTest(String name, String op, float last) throws IOException {
    Path data = Files.createDirectories(folder.resolve(name).resolve("test_data_set_0"));
    GraphProto graph =
        GraphProto.newBuilder()
            .addInput(vector("a"))
            .addInput(vector("b"))
            .addNode(
                NodeProto.newBuilder().setOpType(op).addInput("a").addInput("b").addOutput("c"))
            .addOutput(vector("c"))
            .build();
    ModelProto model =
        ModelProto.newBuilder()
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(21))
            .setGraph(graph)
            .build();
    Files.write(folder.resolve(name).resolve("model.onnx"), model.toByteArray());
    Files.write(data.resolve("input_0.pb"), tensor(2, 3).toByteArray());
    Files.write(data.resolve("input_1.pb"), tensor(1, 2).toByteArray());
    Files.write(data.resolve("output_0.pb"), tensor(3, last).toByteArray());
  }

  private static ValueInfoProto vector(String name) {
    TypeProto.Tensor type =
        TypeProto.Tensor.newBuilder()
            .setElemType(1)
            .setShape(TensorShapeProto.newBuilder().addDim(Dimension.newBuilder().setDimValue(2)))
            .build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(type))
        .build();
  }

  private static TensorProto tensor(float... values) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(1).addDims(values.length);
    for (float value : values) {
      tensor.addFloatData(value);
    }
    return tensor.build();
  }

  private static long count(List<JsonNode> report, String status) {
    return report.stream().filter(line -> line.get("status").textValue().equals(status)).count();
  }
}
