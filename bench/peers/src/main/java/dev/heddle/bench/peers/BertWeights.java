package dev.heddle.bench.peers;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The weights of a BERT in an ONNX file as PyTorch's exporter writes it: by PyTorch's names, but
 * for matrices, which are known by the bias that is added to their product.
 */
final class BertWeights {
  private static final String BIAS = ".bias";

  private final Map<String, TensorProto> tensors = new HashMap<>();

  private BertWeights(GraphProto graph) {
    graph.getInitializerList().forEach(tensor -> tensors.put(tensor.getName(), tensor));
    Map<String, NodeProto> producers = new HashMap<>();
    graph.getNodeList().forEach(node -> producers.put(node.getOutput(0), node));
    for (NodeProto node : graph.getNodeList()) {
      if (node.getOpType().equals("Add")) {
        name(node.getInput(0), producers.get(node.getInput(1)));
        name(node.getInput(1), producers.get(node.getInput(0)));
      }
    }
  }

  private void name(String bias, NodeProto product) {
    if (bias.endsWith(BIAS) && product != null && product.getOpType().equals("MatMul")) {
      TensorProto weight = tensors.get(product.getInput(1));
      tensors.put(bias.substring(0, bias.length() - BIAS.length()) + ".weight", weight);
    }
  }

  /**
   * Reads a file.
   *
   * @throws UnsupportedOperationException if it holds no such model
   */
  static BertWeights read(Path file) {
    try {
      BertWeights weights =
          new BertWeights(ModelProto.parseFrom(Files.readAllBytes(file)).getGraph());
      weights.find("embeddings.word_embeddings.weight");
      return weights;
    } catch (IOException e) {
      throw new UnsupportedOperationException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** Layers. */
  int layers() {
    int layers = 0;
    while (tensors.containsKey("encoder.layer." + layers + ".output.dense.bias")) {
      layers++;
    }
    return layers;
  }

  private TensorProto find(String name) {
    TensorProto tensor = tensors.get(name);
    if (tensor == null || tensor.getDataType() != TensorProto.DataType.FLOAT_VALUE) {
      throw new UnsupportedOperationException("the file has no float32 tensor " + name);
    }
    return tensor;
  }

  /** A tensor, the caller's; a matrix of a linear layer is {@code [in, out]}. */
  HostTensor get(String name) {
    TensorProto tensor = find(name);
    long[] extents = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
    HostTensor copy = HostTensor.allocate(DType.F32, Shape.of(extents));
    copy.memory().copyFrom(MemorySegment.ofArray(tensor.getRawData().toByteArray()));
    return copy;
  }
}
