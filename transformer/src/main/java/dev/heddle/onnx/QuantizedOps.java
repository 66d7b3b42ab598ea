package dev.heddle.onnx;

import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Operators on 8-bit codes. Codes less their zero point are multiplied as float32, whose products
 * and sums of whole numbers are exact below 2^24: a sum of 258 products of any codes. Of longer
 * ones a partial sum beyond that is rounded, by 2^-24 of itself at most.
 */
final class QuantizedOps {
  private QuantizedOps() {}

  /** Codes, scale and zero point; over what, {@link OnnxOptions#quantization} says. */
  static List<Operand> dynamicQuantize(OnnxNode n) {
    List<Operand> results = n.emitAll(op(n, false), 3, n.in(0));
    if (n.options().quantization() == OnnxOptions.Quantization.PER_TENSOR) {
      // The standard's scales have no axes.
      results =
          List.of(
              results.get(DynamicQuantize.VALUES),
              n.emit(new Reshape(List.of()), results.get(DynamicQuantize.SCALE)),
              n.emit(new Reshape(List.of()), results.get(DynamicQuantize.ZERO_POINT)));
    }
    Operand zero = results.get(DynamicQuantize.ZERO_POINT);
    Operand levels = binary(n, Binary.Kind.ADD, results.getFirst(), zero);
    return List.of(
        n.emit(new Cast(DType.U8), levels),
        results.get(DynamicQuantize.SCALE),
        n.emit(new Cast(DType.U8), zero));
  }

  private static DynamicQuantize op(OnnxNode n, boolean dequantized) {
    int last = Math.max(0, n.rank(0) - 1);
    int axis =
        switch (n.options().quantization()) {
          case PER_TOKEN -> last;
          case PER_SEQUENCE -> Math.min(1, last);
          case PER_TENSOR -> 0;
        };
    return new DynamicQuantize(axis, dequantized);
  }

  /** {@code (x - zero) * scale}; along an axis where those are vectors. */
  static Operand dequantize(OnnxNode n) {
    return floats(n, n.in(0), n.in(1), n.optional(2), axisOfScale(n));
  }

  /** {@code saturate(round(x / scale) + zero)}; along an axis where those are vectors. */
  static Operand quantizeLinear(OnnxNode n) {
    int axis = axisOfScale(n);
    int rank = n.rank(0);
    DType to = n.has(2) ? n.dtype(2) : outputType(n);
    int bits = 8 * to.bytes();
    if (to != DType.U8 && to != DType.I8 && to != DType.I16) {
      throw n.unsupported("quantises to " + to + "; u8, i8 and i16 are supported");
    }
    long lowest = to == DType.U8 ? 0 : -(1L << bits - 1);
    Operand x = binary(n, Binary.Kind.DIV, n.in(0), along(n, n.in(1), axis, rank));
    Operand level = n.emit(new Unary(Unary.Kind.ROUND), x);
    if (n.has(2)) {
      Operand zero = n.emit(new Cast(DType.F32), along(n, n.in(2), axis, rank));
      level = binary(n, Binary.Kind.ADD, level, zero);
    }
    level = binary(n, Binary.Kind.MAX, level, n.number(DType.F32, lowest));
    level = binary(n, Binary.Kind.MIN, level, n.number(DType.F32, lowest + (1L << bits) - 1));
    return n.emit(new Cast(to), level);
  }

  private static DType outputType(OnnxNode n) {
    return n.integer("output_dtype", 0) == 0 ? DType.U8 : n.elementType("output_dtype");
  }

  /** Where a vector of scales, operand 1, lies. */
  private static int axisOfScale(OnnxNode n) {
    if (n.integer("block_size", 0) != 0) {
      throw n.unsupported("has scales for blocks; quantise it by tensor or by axis");
    }
    if (n.dtype(1) != DType.F32) {
      throw n.unsupported("its scale is " + n.dtype(1) + "; f32 is supported");
    }
    return n.inType(1).rank() == 1 && n.rank(0) > 0 ? n.axisOfFirst(1) : 0;
  }

  /** {@code (a - aZero) @ (b - bZero)}, as I32. */
  static Operand matmulInteger(OnnxNode n) {
    return n.emit(new Cast(DType.I32), product(n, n.optional(2), n.optional(3)));
  }

  /** The same times both scales, plus a bias. */
  static Operand matmulIntegerToFloat(OnnxNode n) {
    Operand product = product(n, n.optional(4), n.optional(5));
    Operand aScale = along(n, n.in(2), n.rank(0) - 2, n.rank(0));
    Operand scales = binary(n, Binary.Kind.MUL, aScale, n.in(3));
    return plus(n, binary(n, Binary.Kind.MUL, product, scales), n.optional(6));
  }

  /** {@code a} quantised, times b, plus a bias. */
  static Operand dynamicQuantizeMatmul(OnnxNode n) {
    Operand a = n.emit(op(n, true), n.in(0));
    Operand b = floats(n, n.in(1), n.in(2), n.optional(3), n.rank(1) - 1);
    return plus(n, n.emit(MatMul.PLAIN, a, b), n.optional(4));
  }

  private static Operand product(OnnxNode n, Operand aZero, Operand bZero) {
    Operand a = floats(n, n.in(0), null, aZero, n.rank(0) - 2);
    Operand b = floats(n, n.in(1), null, bZero, n.rank(1) - 1);
    return n.emit(MatMul.PLAIN, a, b);
  }

  private static Operand plus(OnnxNode n, Operand x, Operand bias) {
    return bias == null ? x : binary(n, Binary.Kind.ADD, x, bias);
  }

  private static Operand binary(OnnxNode n, Binary.Kind kind, Operand a, Operand b) {
    return n.emit(new Binary(kind), a, b);
  }

  /** {@code (x - zero) * scale} in float32; an absent zero is 0, an absent scale 1. */
  private static Operand floats(OnnxNode n, Operand x, Operand scale, Operand zero, int axis) {
    Operand known = known(n, x, scale, zero, axis);
    if (known != null) {
      return known;
    }
    int rank = x.type().rank();
    Operand y = n.emit(new Cast(DType.F32), x);
    if (zero != null) {
      Operand floats = n.emit(new Cast(DType.F32), along(n, zero, axis, rank));
      y = binary(n, Binary.Kind.SUB, y, floats);
    }
    return scale == null ? y : binary(n, Binary.Kind.MUL, y, along(n, scale, axis, rank));
  }

  /** A vector laid along {@code axis} of {@code rank}; anything else as it is. */
  private static Operand along(OnnxNode n, Operand x, int axis, int rank) {
    if (x.type().rank() != 1 || x.type().dim(0).is(1) || axis == rank - 1) {
      return x;
    }
    List<Dim> dims = new ArrayList<>(Collections.nCopies(rank, Dim.ONE));
    dims.set(axis, x.type().dim(0));
    return n.emit(new Reshape(dims), x);
  }

  /** The result where x is a weight of 8 bits and all else is known, else null. */
  private static Operand known(OnnxNode n, Operand x, Operand scale, Operand zero, int axis) {
    boolean known =
        x instanceof Operand.Known
            && (scale == null || scale instanceof Operand.Known)
            && (zero == null || zero instanceof Operand.Known);
    DType dtype = x.type().dtype();
    if (!known || dtype != DType.U8 && dtype != DType.I8) {
      return null;
    }
    Shape shape = ((Operand.Known) x).tensor().shape();
    float[] scales = perIndex(scale, shape, axis);
    float[] zeros = perIndex(zero, shape, axis);
    if (scale != null && scales == null || zero != null && zeros == null) {
      return null;
    }
    long inner = 1;
    for (int i = Math.max(axis, 0) + 1; i < shape.rank(); i++) {
      inner *= shape.dim(i);
    }
    byte[] codes = ((Operand.Known) x).tensor().memory().toArray(ValueLayout.JAVA_BYTE);
    float[] values = new float[codes.length];
    for (int i = 0; i < values.length; i++) {
      float code = dtype == DType.U8 ? Byte.toUnsignedInt(codes[i]) : codes[i];
      int index = (int) (i / inner);
      float centred = zeros == null ? code : code - zeros[index % zeros.length];
      values[i] = scales == null ? centred : centred * scales[index % scales.length];
    }
    return new Operand.Known(((Operand.Known) x).name(), HostTensor.of(values, shape.toArray()));
  }

  /** A number, or one for each index of {@code axis}; null where {@code x} is neither. */
  private static float[] perIndex(Operand x, Shape shape, int axis) {
    if (x == null) {
      return null;
    }
    Shape own = ((Operand.Known) x).tensor().shape();
    boolean vector = own.rank() == 1 && axis >= 0 && own.dim(0) == shape.dim(axis);
    return vector || own.elements() == 1 ? ((Operand.Known) x).tensor().toFloats() : null;
  }
}
