package dev.heddle.onnx;

import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;

/** What is known of a named value of an ONNX graph while it is imported. */
sealed interface Operand {
  /** Integers of more elements are data, not shapes. */
  int MAX_DIMS = 256;

  /** Element type and dimensions. */
  TensorType type();

  /** Only a run knows. */
  record Data(Value value) implements Operand {
    @Override
    public TensorType type() {
      return value.type();
    }
  }

  /** Known now: a weight, a constant, or what was computed from such. */
  record Known(String name, HostTensor tensor) implements Operand {
    @Override
    public TensorType type() {
      return TensorType.of(tensor.dtype(), tensor.shape());
    }
  }

  /** Whole numbers that depend on the symbols of the inputs' shapes, row-major. */
  record Symbolic(DType dtype, Shape shape, List<Dim> elements) implements Operand {
    public Symbolic {
      elements = List.copyOf(elements);
    }

    @Override
    public TensorType type() {
      return TensorType.of(dtype, shape);
    }
  }

  /** The elements as dimensions, or null where they are data, no whole numbers, or too many. */
  default List<Dim> elements() {
    return switch (this) {
      case Symbolic symbolic -> symbolic.elements;
      case Known(String name, HostTensor tensor) -> {
        long count = tensor.shape().elements();
        if (tensor.dtype().isFloat() || count > MAX_DIMS) {
          yield null;
        }
        List<Dim> dims = new ArrayList<>();
        for (long i = 0; i < count; i++) {
          dims.add(Dim.of(tensor.getLong(i)));
        }
        yield dims;
      }
      case Data data -> type().dims().stream().anyMatch(dim -> dim.is(0)) ? List.of() : null;
    };
  }
}
