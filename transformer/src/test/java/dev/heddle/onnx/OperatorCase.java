package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.heddle.graph.Graph;
import dev.heddle.pass.Passes;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * One operator test of the ONNX standard: a folder with {@code model.onnx} and {@code
 * test_data_set_0/input_k.pb, output_k.pb}.
 */
record OperatorCase(Path folder) {
  /** Tolerances of the standard's own runner. */
  private static final double RELATIVE = 1e-3;

  private static final double ABSOLUTE = 1e-7;

  /**
   * Runs the graph as imported, and after the standard passes; null if all agrees, else why not.
   */
  String run() {
    try {
      Map<String, HostTensor> inputs = tensors("input", names(true));
      Map<String, HostTensor> expected = tensors("output", names(false));
      try (OnnxModel model = read(inputs)) {
        String plain = check(model.graph(), inputs, expected);
        return plain != null
            ? plain
            : check(Passes.standard().apply(model.graph()), inputs, expected);
      }
    } catch (Exception e) {
      return e.toString();
    }
  }

  /**
   * Imports with nothing known; where a shape depends on data, with the short integer inputs known,
   * and where that is not enough (a padding value), with all.
   */
  private OnnxModel read(Map<String, HostTensor> inputs) {
    List<Predicate<HostTensor>> known =
        List.of(t -> false, t -> !t.dtype().isFloat() && t.shape().rank() <= 1, t -> true);
    OnnxException last = null;
    for (Predicate<HostTensor> given : known) {
      Map<String, HostTensor> chosen = new HashMap<>(inputs);
      chosen.values().removeIf(given.negate());
      try {
        return OnnxImporter.read(
            folder.resolve("model.onnx"),
            new OnnxOptions(chosen, Map.of(), OnnxOptions.Quantization.PER_TENSOR));
      } catch (OnnxException e) {
        last = e;
        if (e.kind() != OnnxException.Kind.UNSUPPORTED) {
          break;
        }
      }
    }
    throw last;
  }

  private static String check(
      Graph graph, Map<String, HostTensor> inputs, Map<String, HostTensor> expected) {
    Map<String, HostTensor> given = new HashMap<>(inputs);
    given.keySet().retainAll(graph.inputs().stream().map(input -> input.name()).toList());
    Map<String, HostTensor> actual = Interpreter.run(graph, given, Map.of());
    for (Map.Entry<String, HostTensor> output : expected.entrySet()) {
      String difference = difference(output.getValue(), actual.get(output.getKey()));
      if (difference != null) {
        return output.getKey() + ": " + difference;
      }
    }
    return null;
  }

  private static String difference(HostTensor expected, HostTensor actual) {
    if (expected.dtype() != actual.dtype() || !expected.shape().equals(actual.shape())) {
      return "expected %s, got %s".formatted(expected, actual);
    }
    for (long i = 0; i < expected.shape().elements(); i++) {
      double e = expected.getDouble(i);
      double a = actual.getDouble(i);
      boolean same = e == a || Double.isNaN(e) && Double.isNaN(a);
      if (!same && !(Math.abs(e - a) <= ABSOLUTE + RELATIVE * Math.abs(e))) {
        return "element %d is %s, expected %s".formatted(i, a, e);
      }
    }
    return null;
  }

  private List<String> names(boolean input) throws IOException {
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
    List<ValueInfoProto> values =
        input ? model.getGraph().getInputList() : model.getGraph().getOutputList();
    return values.stream().map(ValueInfoProto::getName).toList();
  }

  private Map<String, HostTensor> tensors(String kind, List<String> names) {
    Map<String, HostTensor> tensors = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Path file = folder.resolve("test_data_set_0").resolve(kind + "_" + i + ".pb");
      tensors.put(names.get(i), OnnxTensors.read(file));
    }
    return tensors;
  }
}
