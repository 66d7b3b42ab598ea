package dev.heddle.reference;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.graph.Node;
import dev.heddle.op.Op;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;

/**
 * One node with all that its evaluation needs: operands whose types were found to fit, attributes
 * without symbols, and the types of the results.
 */
record Call(Node node, Op op, List<HostTensor> inputs, List<TensorType> results) {

  boolean has(int position) {
    return position < inputs.size() && inputs.get(position) != null;
  }

  HostTensor in(int position) {
    return inputs.get(position);
  }

  Shape shape(int position) {
    return in(position).shape();
  }

  /** Operand {@code position} in float64, or null where it is absent. */
  double[] doubles(int position) {
    return has(position) ? in(position).toDoubles() : null;
  }

  /** Zeros for result {@code position}. */
  HostTensor result(int position) {
    TensorType type = results.get(position);
    long bytes = type.dtype().bytes(type.shape().elements());
    if (bytes > Integer.MAX_VALUE) {
      throw new OutOfDeviceMemoryException(
          bytes,
          Integer.MAX_VALUE,
          Integer.MAX_VALUE,
          node + ": a Java array",
          "Choose another backend, or smaller inputs.");
    }
    return HostTensor.heap(type.dtype(), type.shape());
  }

  /** Result {@code position} of these elements, each rounded to its type. */
  HostTensor result(int position, double[] values) {
    HostTensor result = result(position);
    for (int i = 0; i < values.length; i++) {
      result.setDouble(i, values[i]);
    }
    return result;
  }

  boolean wants(int output) {
    return output < results.size();
  }

  /** {@code index} counted from the front of an axis of {@code extent}, where it lies in it. */
  long index(long index, long extent) {
    if (index < -extent || index >= extent) {
      throw new InvalidInputException(
          "%s: index %d is out of range; the axis has extent %d".formatted(node, index, extent));
    }
    return index < 0 ? index + extent : index;
  }

  InvalidInputException wrong(String what) {
    return new InvalidInputException(node + ": " + what);
  }
}
