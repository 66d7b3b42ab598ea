package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.GraphException;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Walks an ONNX graph, node by node. Names are those of the file, outputs' above all. */
final class GraphImport {
  private static final int DEEPEST = 32;

  /** What may be computed while a small file is imported. */
  private static final int LEAST_BYTES = 1 << 20;

  private final OnnxFile file;
  private final OnnxOptions options;
  private final Map<String, Long> opsets;
  private final ExternalData external;
  private final Emitter emitter;
  private final InputTypes types;
  private final Map<String, TensorProto> initializers = new HashMap<>();
  private final Map<String, Operand> operands = new HashMap<>();
  private int depth;

  GraphImport(OnnxFile file, OnnxOptions options, Map<String, Long> opsets) {
    this.file = file;
    this.options = options;
    this.opsets = opsets;
    this.external = new ExternalData(file.path(), file.mappings());
    GraphProto graph = file.model().getGraph();
    long bytes = file.model().getSerializedSize();
    String name =
        graph.getName().isEmpty() ? file.path().getFileName().toString() : graph.getName();
    this.emitter = new Emitter(new GraphBuilder(name), LEAST_BYTES + 16 * bytes);
    this.types = new InputTypes(file.path(), options.dims());
  }

  Graph run() {
    GraphProto graph = file.model().getGraph();
    addInitializers(graph);
    for (ValueInfoProto input : graph.getInputList()) {
      if (!initializers.containsKey(input.getName())) {
        define(input.getName(), input(input));
      }
    }
    for (String name : options.known().keySet()) {
      if (graph.getInputList().stream().noneMatch(input -> input.getName().equals(name))) {
        throw OnnxException.malformed(
            file.path(), "there is no input " + OnnxException.quote(name) + " to be known");
      }
    }
    graph.getNodeList().forEach(this::add);
    if (graph.getOutputCount() == 0) {
      throw OnnxException.malformed(file.path(), "the graph has no outputs");
    }
    for (ValueInfoProto output : graph.getOutputList()) {
      Operand operand = operand(output.getName());
      if (operand == null) {
        throw OnnxException.malformed(
            file.path(), "nothing gives output " + OnnxException.quote(output.getName()));
      }
      emitter.graph().output(output.getName(), emitter.value(operand));
    }
    return emitter.graph().build();
  }

  List<String> notes() {
    return types.notes();
  }

  OnnxOptions options() {
    return options;
  }

  Path file() {
    return file.path();
  }

  Emitter emitter() {
    return emitter;
  }

  HostTensor tensor(TensorProto proto) {
    return OnnxTensors.of(file.path(), proto, external);
  }

  private void addInitializers(GraphProto graph) {
    if (graph.getSparseInitializerCount() > 0) {
      throw OnnxException.unsupported(
          file.path(), "it has sparse initializers; store them as dense tensors");
    }
    for (TensorProto tensor : graph.getInitializerList()) {
      if (initializers.put(tensor.getName(), tensor) != null) {
        throw OnnxException.malformed(
            file.path(), "two initializers are called " + OnnxException.quote(tensor.getName()));
      }
    }
  }

  private Operand input(ValueInfoProto input) {
    HostTensor known = options.known().get(input.getName());
    if (known != null) {
      types.check(input, known);
      return new Operand.Known(input.getName(), known);
    }
    TensorType type = types.of(input);
    return new Operand.Data(emitter.graph().input(input.getName(), type));
  }

  private void define(String name, Operand operand) {
    if (operands.putIfAbsent(name, operand) != null) {
      throw OnnxException.malformed(
          file.path(), "two values are called " + OnnxException.quote(name));
    }
  }

  /** What is called {@code name}, or null if nothing is. */
  private Operand operand(String name) {
    Operand operand = operands.get(name);
    if (operand == null && initializers.containsKey(name)) {
      operand = new Operand.Known(name, tensor(initializers.get(name)));
      operands.put(name, operand);
    }
    return operand;
  }

  private void add(NodeProto proto) {
    String domain = OnnxImporter.domain(proto.getDomain());
    List<Operand> inputs = new ArrayList<>();
    OnnxNode node = new OnnxNode(this, proto, domain, opsets.getOrDefault(domain, 1L), inputs);
    for (String name : proto.getInputList()) {
      Operand operand = name.isEmpty() ? null : operand(name);
      if (operand == null && !name.isEmpty()) {
        throw node.malformed(
            "takes %s, which nothing before it gives".formatted(OnnxException.quote(name)));
      }
      inputs.add(operand);
    }
    List<Operand> results = build(node);
    for (int i = 0; i < proto.getOutputCount(); i++) {
      if (node.wants(i)) {
        if (i >= results.size() || results.get(i) == null) {
          throw node.unsupported(
              "its output %d, %s, is not supported"
                  .formatted(i, OnnxException.quote(proto.getOutput(i))));
        }
        define(proto.getOutput(i), results.get(i));
      }
    }
  }

  private static List<Operand> build(OnnxNode node) {
    try {
      return OnnxOps.build(node);
    } catch (OnnxException e) {
      throw e;
    } catch (GraphException e) {
      throw node.malformed("its operands do not fit: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      // A file can claim anything; whatever that leads to is an error of the file.
      throw node.malformed("cannot be imported: " + e, e);
    }
  }

  /** Adds the nodes of a branch whose condition is known; its results, in order. */
  List<Operand> inline(GraphProto graph) {
    if (++depth > DEEPEST) {
      throw OnnxException.malformed(file.path(), "graphs are nested " + DEEPEST + " deep");
    }
    addInitializers(graph);
    graph.getNodeList().forEach(this::add);
    depth--;
    return graph.getOutputList().stream().map(output -> operand(output.getName())).toList();
  }
}
