package dev.heddle.bench.peers;

import ai.onnx.proto.OnnxMl;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** An ONNX model of one node: what it is given in each run, and what it knows before. */
final class OneNode implements AutoCloseable {
  static final String OUTPUT = "y";

  /** Of ONNX Runtime's own operators. */
  static final String MICROSOFT = "com.microsoft";

  private static final int OPSET = 17;
  private static final int IR_VERSION = 8;

  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("one");
  private final NodeProto.Builder node = NodeProto.newBuilder();
  private final Map<String, HostTensor> inputs = new LinkedHashMap<>();
  private final List<HostTensor> made = new ArrayList<>();

  OneNode(String domain, String op) {
    node.setDomain(domain).setOpType(op).setName(op).addOutput(OUTPUT);
  }

  /** The next operand. */
  OneNode input(String name, HostTensor tensor) {
    node.addInput(name);
    graph.addInput(value(name, tensor.dtype(), tensor.shape()));
    inputs.put(name, tensor);
    return this;
  }

  /** The next operand, made for this node, which closes it. */
  OneNode made(String name, HostTensor tensor) {
    made.add(tensor);
    return input(name, tensor);
  }

  /** The next operand is left out. */
  OneNode without() {
    node.addInput("");
    return this;
  }

  /** The next operand, known when the model is loaded. */
  OneNode constant(String name, HostTensor tensor) {
    node.addInput(name);
    TensorProto.Builder constant =
        TensorProto.newBuilder().setName(name).setDataType(type(tensor.dtype()));
    for (int i = 0; i < tensor.shape().rank(); i++) {
      constant.addDims(tensor.shape().dim(i));
    }
    constant.setRawData(ByteString.copyFrom(tensor.memory().asByteBuffer()));
    graph.addInitializer(constant);
    return this;
  }

  OneNode attribute(String name, long value) {
    node.addAttribute(
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value));
    return this;
  }

  OneNode attribute(String name, float value) {
    node.addAttribute(
        AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value));
    return this;
  }

  /** What a run is given, by name. */
  Map<String, HostTensor> inputs() {
    return inputs;
  }

  @Override
  public void close() {
    made.forEach(HostTensor::close);
  }

  /** The file. */
  byte[] model(DType dtype, Shape shape) {
    graph.addNode(node).addOutput(value(OUTPUT, dtype, shape));
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static ValueInfoProto value(String name, DType dtype, Shape shape) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (int i = 0; i < shape.rank(); i++) {
      dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(shape.dim(i)));
    }
    OnnxMl.TypeProto.Tensor tensor =
        OnnxMl.TypeProto.Tensor.newBuilder().setElemType(type(dtype)).setShape(dims).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static int type(DType dtype) {
    return switch (dtype) {
      case F32 -> TensorProto.DataType.FLOAT_VALUE;
      case F16 -> TensorProto.DataType.FLOAT16_VALUE;
      case BF16 -> TensorProto.DataType.BFLOAT16_VALUE;
      case I32 -> TensorProto.DataType.INT32_VALUE;
      case I64 -> TensorProto.DataType.INT64_VALUE;
      case U8 -> TensorProto.DataType.UINT8_VALUE;
      default -> throw new UnsupportedOperationException("ONNX has no type " + dtype);
    };
  }
}
