package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Writes small ONNX models, as exporters would. */
final class ModelFile {
  static final int FLOAT = 1;
  static final int INT32 = 6;
  static final int INT64 = 7;
  static final int BOOL = 9;

  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("test");
  private final long opset;
  private final Random random = new Random(3);
  private int names;

  ModelFile(long opset) {
    this.opset = opset;
  }

  long opset() {
    return opset;
  }

  GraphProto.Builder graph() {
    return graph;
  }

  /** An input; a dimension is a number, a name, or {@code ""} for neither. */
  String input(String name, int type, Object... dims) {
    graph.addInput(value(name, type, dims));
    return name;
  }

  static ValueInfoProto value(String name, int type, Object... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Object dim : dims) {
      shape.addDim(
          dim instanceof Integer number
              ? Dimension.newBuilder().setDimValue(number)
              : dim.equals("")
                  ? Dimension.newBuilder()
                  : Dimension.newBuilder().setDimParam((String) dim));
    }
    TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder().setElemType(type);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor.setShape(shape)))
        .build();
  }

  void output(String name) {
    graph.addOutput(ValueInfoProto.newBuilder().setName(name));
  }

  /** A node with one output, and the name of that output. */
  String node(String type, List<String> inputs, AttributeProto... attributes) {
    return nodes(type, 1, inputs, attributes).getFirst();
  }

  /**
   * A node with outputs, and their names. A type with a dot begins with its domain; an input whose
   * name is empty is absent.
   */
  List<String> nodes(String type, int outputs, List<String> inputs, AttributeProto... attributes) {
    int dot = type.lastIndexOf('.');
    String name = "/" + type.substring(dot + 1) + "_" + names++;
    List<String> results =
        IntStream.range(0, outputs).mapToObj(i -> name + "_output_" + i).toList();
    graph.addNode(
        NodeProto.newBuilder()
            .setName(name)
            .setDomain(type.substring(0, Math.max(0, dot)))
            .setOpType(type.substring(dot + 1))
            .addAllInput(inputs)
            .addAllOutput(results)
            .addAllAttribute(Arrays.asList(attributes)));
    return results;
  }

  String node(String type, String... inputs) {
    return node(type, List.of(inputs));
  }

  static AttributeProto attribute(String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    Arrays.stream(values).forEach(attribute::addInts);
    return attribute.build();
  }

  static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  static AttributeProto real(String name, float value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.FLOAT)
        .setF(value)
        .build();
  }

  static AttributeProto graph(String name, GraphProto value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.GRAPH)
        .setG(value)
        .build();
  }

  /** A Constant node without axes. */
  String number(float number) {
    return constant(TensorProto.newBuilder().setDataType(FLOAT).addFloatData(number));
  }

  /** A Constant node without axes. */
  String number(long number) {
    return constant(TensorProto.newBuilder().setDataType(INT64).addInt64Data(number));
  }

  /** A Constant node of one axis. */
  String numbers(long... numbers) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setDataType(INT64).addDims(numbers.length);
    Arrays.stream(numbers).forEach(tensor::addInt64Data);
    return constant(tensor);
  }

  private String constant(TensorProto.Builder tensor) {
    return node(
        "Constant",
        List.of(),
        AttributeProto.newBuilder()
            .setName("value")
            .setType(AttributeType.TENSOR)
            .setT(tensor)
            .build());
  }

  /** A random weight. */
  String weight(String name, int... dims) {
    int count = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
    java.nio.ByteBuffer bytes =
        java.nio.ByteBuffer.allocate(4 * count).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      bytes.putFloat((float) random.nextGaussian() / 2);
    }
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
    Arrays.stream(dims).forEach(tensor::addDims);
    graph.addInitializer(tensor.setRawData(ByteString.copyFrom(bytes.flip())));
    return name;
  }

  byte[] bytes() {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  Path write(Path folder) {
    try {
      return Files.write(folder.resolve("model.onnx"), bytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
