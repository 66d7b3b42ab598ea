package dev.heddle.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.heddle.op.Op;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A node of an ONNX graph while it is imported: its operands, its attributes, where results go. */
final class OnnxNode {
  private final GraphImport owner;
  private final NodeProto proto;
  private final String domain;
  private final long opset;
  private final List<Operand> operands;
  private final Map<String, AttributeProto> attributes = new HashMap<>();

  OnnxNode(GraphImport owner, NodeProto proto, String domain, long opset, List<Operand> operands) {
    this.owner = owner;
    this.proto = proto;
    this.domain = domain;
    this.opset = opset;
    this.operands = operands;
    for (AttributeProto attribute : proto.getAttributeList()) {
      attributes.put(attribute.getName(), attribute);
    }
  }

  /** The node's name, or that of its first output. */
  String name() {
    return proto.getName().isEmpty() && proto.getOutputCount() > 0
        ? proto.getOutput(0)
        : proto.getName();
  }

  String type() {
    return proto.getOpType();
  }

  String domain() {
    return domain;
  }

  /** Version of the operator set that the node is of. */
  long opset() {
    return opset;
  }

  OnnxException.NodeId id() {
    return new OnnxException.NodeId(name(), type(), domain, opset);
  }

  // Complaints.

  OnnxException malformed(String reason) {
    return malformed(reason, null);
  }

  OnnxException malformed(String reason, Throwable cause) {
    return new OnnxException(OnnxException.Kind.MALFORMED, owner.file(), id(), reason, cause);
  }

  OnnxException unsupported(String reason) {
    return new OnnxException(OnnxException.Kind.UNSUPPORTED, owner.file(), id(), reason, null);
  }

  // Operands.

  /** Number of operands, absent ones among them included. */
  int count() {
    return operands.size();
  }

  boolean has(int position) {
    return position < operands.size() && operands.get(position) != null;
  }

  /** Operand {@code position}, which must be there. */
  Operand in(int position) {
    if (!has(position)) {
      throw malformed("has no operand " + position);
    }
    return operands.get(position);
  }

  /** Operand {@code position}, or null where it is absent. */
  Operand optional(int position) {
    return has(position) ? operands.get(position) : null;
  }

  TensorType inType(int position) {
    return in(position).type();
  }

  DType dtype(int position) {
    return inType(position).dtype();
  }

  int rank(int position) {
    return inType(position).rank();
  }

  /** The whole numbers that operand {@code position} holds, which {@code what} names in errors. */
  List<Dim> dims(int position, String what) {
    List<Dim> elements = in(position).elements();
    if (elements == null) {
      throw unsupported(
          "%s, operand %s, depends on the data of a run; give it as known when importing"
              .formatted(what, OnnxException.quote(proto.getInput(position))));
    }
    return elements;
  }

  /** The same, all of them numbers already. */
  List<Long> numbers(int position, String what) {
    return dims(position, what).stream().map(dim -> fixed(dim, what)).toList();
  }

  long fixed(Dim dim, String what) {
    if (!dim.isFixed()) {
      throw unsupported(what + " is " + dim + "; it must be a number before a run");
    }
    return dim.fixed();
  }

  /** The only element of operand {@code position}: a whole number, of whatever type. */
  Dim scalar(int position, String what) {
    boolean isFloat = has(position) && dtype(position).isFloat();
    List<Dim> elements =
        isFloat
            ? Arrays.stream(known(position, what).toLongs()).mapToObj(Dim::of).toList()
            : dims(position, what);
    if (elements.size() != 1) {
      throw malformed(what + " has " + elements.size() + " elements; expected 1");
    }
    return elements.getFirst();
  }

  /** The tensor behind operand {@code position}. */
  HostTensor known(int position, String what) {
    if (in(position) instanceof Operand.Known known) {
      return known.tensor();
    }
    throw unsupported(
        "%s, operand %s, depends on a run; give it as known when importing"
            .formatted(what, OnnxException.quote(proto.getInput(position))));
  }

  // Attributes.

  boolean hasAttribute(String attribute) {
    return attributes.containsKey(attribute);
  }

  private AttributeProto attribute(String attribute, AttributeType... types) {
    AttributeProto found = attributes.get(attribute);
    if (found == null) {
      throw malformed("has no attribute " + attribute);
    }
    if (found.hasRefAttrName()) {
      throw unsupported("attribute " + attribute + " refers to a function's; inline the function");
    }
    if (!List.of(types).contains(found.getType())) {
      throw malformed(
          "attribute %s is of type %s; expected %s"
              .formatted(attribute, found.getType(), List.of(types)));
    }
    return found;
  }

  long integer(String attribute, long otherwise) {
    return hasAttribute(attribute) ? attribute(attribute, AttributeType.INT).getI() : otherwise;
  }

  boolean flag(String attribute, boolean otherwise) {
    return integer(attribute, otherwise ? 1 : 0) != 0;
  }

  double real(String attribute, double otherwise) {
    return hasAttribute(attribute) ? attribute(attribute, AttributeType.FLOAT).getF() : otherwise;
  }

  String text(String attribute, String otherwise) {
    return hasAttribute(attribute)
        ? attribute(attribute, AttributeType.STRING).getS().toStringUtf8()
        : otherwise;
  }

  List<Long> integers(String attribute) {
    return attribute(attribute, AttributeType.INTS).getIntsList();
  }

  List<Float> reals(String attribute) {
    return attribute(attribute, AttributeType.FLOATS).getFloatsList();
  }

  HostTensor tensor(String attribute) {
    return owner.tensor(attribute(attribute, AttributeType.TENSOR).getT());
  }

  GraphProto graph(String attribute) {
    return attribute(attribute, AttributeType.GRAPH).getG();
  }

  /** The element type that attribute {@code attribute} numbers; names, before operator set 6. */
  DType elementType(String attribute) {
    AttributeProto found = attribute(attribute, AttributeType.INT, AttributeType.STRING);
    return elementType(
        found.getType() == AttributeType.INT
            ? (int) found.getI()
            : OnnxTypes.number(found.getS().toStringUtf8()));
  }

  private DType elementType(int number) {
    DType dtype = OnnxTypes.dtype(number);
    if (dtype == null) {
      throw unsupported(
          "element type %s is not supported; %s"
              .formatted(OnnxTypes.name(number), OnnxTypes.supported()));
    }
    return dtype;
  }

  // Axes.

  /** {@code axis}, which may count from the end, as one of {@code rank}. */
  int axis(long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw malformed("axis " + axis + " of a tensor of rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** Attribute {@code axis} as an axis of operand 0. */
  int axisOfFirst(long otherwise) {
    return axis(integer("axis", otherwise), rank(0));
  }

  OnnxOptions options() {
    return owner.options();
  }

  // Results.

  /** How many results have a name, up to the last that has one. */
  int outputs() {
    int count = proto.getOutputCount();
    while (count > 0 && proto.getOutput(count - 1).isEmpty()) {
      count--;
    }
    return count;
  }

  /** Whether anybody can take result {@code position}. */
  boolean wants(int position) {
    return position < proto.getOutputCount() && !proto.getOutput(position).isEmpty();
  }

  Operand emit(Op op, Operand... inputs) {
    return owner.emitter().emit(name(), op, inputs);
  }

  List<Operand> emitAll(Op op, int outputs, Operand... inputs) {
    return owner.emitter().emitAll(name(), op, outputs, inputs);
  }

  /** A number without axes, as a constant. */
  Operand number(DType dtype, double number) {
    return new Operand.Known(Double.toString(number), HostTensor.scalar(dtype, number));
  }

  /** A constant. */
  Operand constant(HostTensor tensor) {
    return new Operand.Known(name(), tensor);
  }

  /** Imports a graph that this node holds, in the scope of the node. */
  List<Operand> inline(GraphProto graph) {
    return owner.inline(graph);
  }
}
