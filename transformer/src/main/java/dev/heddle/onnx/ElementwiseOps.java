package dev.heddle.onnx;

import dev.heddle.op.Binary;
import dev.heddle.op.Binary.Kind;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Fill;
import dev.heddle.op.Reshape;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/** Operators that work element by element. */
final class ElementwiseOps {
  private ElementwiseOps() {}

  static Operand binary(OnnxNode n, Kind kind) {
    return n.emit(new Binary(kind), n.in(0), second(n));
  }

  /**
   * Operand 1, to be broadcast. Before operator set 7 attribute {@code axis} says which axis of
   * operand 0 its first one is aligned with.
   */
  private static Operand second(OnnxNode n) {
    if (!n.flag("broadcast", false) || !n.hasAttribute("axis")) {
      return n.in(1);
    }
    int axis = n.axisOfFirst(0);
    List<Dim> dims = new ArrayList<>(n.inType(1).dims());
    while (axis + dims.size() < n.rank(0)) {
      dims.add(Dim.ONE);
    }
    return n.emit(new Reshape(dims), n.in(1));
  }

  /** All operands, one after another. */
  static Operand all(OnnxNode n, Kind kind) {
    Operand result = n.in(0);
    for (int i = 1; i < n.count(); i++) {
      result = n.emit(new Binary(kind), result, n.in(i));
    }
    return result;
  }

  static Operand mean(OnnxNode n) {
    return n.emit(new Binary(Kind.DIV), all(n, Kind.ADD), n.number(n.dtype(0), n.count()));
  }

  static Operand compare(OnnxNode n, Compare.Kind kind) {
    return n.emit(new Compare(kind), n.in(0), second(n));
  }

  static Operand where(OnnxNode n) {
    return n.emit(new Where(), n.in(0), n.in(1), n.in(2));
  }

  static Operand cast(OnnxNode n, DType to) {
    return n.dtype(0) == to ? n.in(0) : n.emit(new Cast(to), n.in(0));
  }

  /** An infinity of either sign, unless it is not asked for. */
  static Operand isInf(OnnxNode n) {
    Operand x = n.in(0);
    boolean above = n.flag("detect_positive", true);
    boolean below = n.flag("detect_negative", true);
    if (!above && !below) {
      return n.emit(new Fill(DType.BOOL, x.type().dims(), 0));
    }
    if (above && below) {
      x = n.emit(new Unary(Unary.Kind.ABS), x);
    }
    Operand infinity =
        n.number(n.dtype(0), above ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY);
    return n.emit(new Compare(Compare.Kind.EQUAL), x, infinity);
  }

  static Operand gelu(OnnxNode n) {
    Unary.Kind kind =
        switch (n.text("approximate", "none")) {
          case "none" -> Unary.Kind.GELU;
          case "tanh" -> Unary.Kind.GELU_TANH;
          default ->
              throw n.malformed(
                  "approximate is %s; expected none or tanh"
                      .formatted(OnnxException.quote(n.text("approximate", ""))));
        };
    return n.emit(new Unary(kind), n.in(0));
  }

  /** {@code x * tanh(softplus(x))}. */
  static Operand mish(OnnxNode n) {
    Operand inner = n.emit(new Unary(Unary.Kind.SOFTPLUS), n.in(0));
    return n.emit(new Binary(Kind.MUL), n.in(0), n.emit(new Unary(Unary.Kind.TANH), inner));
  }

  /** {@code x * sigmoid(alpha * x)}. */
  static Operand swish(OnnxNode n, double alpha) {
    if (alpha == 1) {
      return n.emit(new Unary(Unary.Kind.SILU), n.in(0));
    }
    Operand scaled = n.emit(new Binary(Kind.MUL), n.in(0), n.number(n.dtype(0), alpha));
    Operand gate = n.emit(new Unary(Unary.Kind.SIGMOID), scaled);
    return n.emit(new Binary(Kind.MUL), n.in(0), gate);
  }

  static Operand leakyRelu(OnnxNode n) {
    return leaky(n, n.number(n.dtype(0), n.real("alpha", 0.01)));
  }

  /** {@code max(x, 0) + slope * min(x, 0)}. */
  static Operand leaky(OnnxNode n, Operand slope) {
    Operand zero = n.number(n.dtype(0), 0);
    Operand above = n.emit(new Binary(Kind.MAX), n.in(0), zero);
    Operand below = n.emit(new Binary(Kind.MIN), n.in(0), zero);
    return n.emit(new Binary(Kind.ADD), above, n.emit(new Binary(Kind.MUL), below, slope));
  }

  /** {@code max(0, min(1, alpha * x + beta))}. */
  static Operand hardSigmoid(OnnxNode n) {
    DType dtype = n.dtype(0);
    Operand alpha = n.number(dtype, n.real("alpha", 0.2));
    Operand beta = n.number(dtype, n.real("beta", 0.5));
    Operand line = n.emit(new Binary(Kind.ADD), n.emit(new Binary(Kind.MUL), n.in(0), alpha), beta);
    Operand below = n.emit(new Binary(Kind.MIN), line, n.number(dtype, 1));
    return n.emit(new Binary(Kind.MAX), below, n.number(dtype, 0));
  }

  /** Bounds are attributes before operator set 11, operands since. */
  static Operand clip(OnnxNode n) {
    Operand x = n.in(0);
    Operand low = n.hasAttribute("min") ? n.number(n.dtype(0), n.real("min", 0)) : n.optional(1);
    Operand high = n.hasAttribute("max") ? n.number(n.dtype(0), n.real("max", 0)) : n.optional(2);
    if (low != null) {
      x = n.emit(new Binary(Kind.MAX), x, low);
    }
    return high == null ? x : n.emit(new Binary(Kind.MIN), x, high);
  }

  /** Nothing is dropped when a model is used. */
  static List<Operand> dropout(OnnxNode n) {
    if (n.has(2) && n.known(2, "training_mode").getLong(0) != 0) {
      throw n.unsupported("drops elements, as training does; export the model for inference");
    }
    List<Operand> results = new ArrayList<>(List.of(n.in(0)));
    if (n.wants(1)) {
      results.add(n.emit(new Fill(DType.BOOL, n.inType(0).dims(), 1)));
    }
    return results;
  }
}
