package dev.heddle.onnx;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.MatMul;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.List;

/**
 * ONNX Runtime's fused attentions, which its optimiser writes for encoders (<a
 * href="https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md">contrib
 * operators</a>).
 *
 * <p>A key that a mask hides is hidden here altogether, where ONNX Runtime adds {@code
 * mask_filter_value}, -10000 as a rule, to its score: with another key to see its weight is 0
 * either way.
 */
final class MicrosoftAttention {
  private static final int MOST_HEADS = 1 << 16;

  private MicrosoftAttention() {}

  /** Operands: x, packed weights, bias, mask or lengths, past, bias of the scores. */
  static Operand packed(OnnxNode n) {
    refusePast(n, 4, 6);
    if (n.flag("do_rotary", false)) {
      throw n.unsupported("rotates its operands; export the model without that fusion");
    }
    Operand all = n.emit(MatMul.PLAIN, n.in(0), n.in(1));
    if (n.has(2)) {
      all = n.emit(new Binary(Binary.Kind.ADD), all, n.in(2));
    }
    List<Dim> sizes = sizes(n);
    List<Operand> operands = new ArrayList<>();
    Dim start = Dim.ZERO;
    for (Dim size : sizes) {
      operands.add(n.emit(new Slice(2, start, size, 1), all));
      start = start.plus(size);
    }
    return attend(n, operands, 3, 5);
  }

  private static List<Dim> sizes(OnnxNode n) {
    Dim columns = n.inType(1).dim(-1);
    if (n.hasAttribute("qkv_hidden_sizes")) {
      List<Dim> sizes = n.integers("qkv_hidden_sizes").stream().map(Dim::of).toList();
      if (sizes.size() != 3 || !sizes.stream().reduce(Dim.ZERO, Dim::plus).equals(columns)) {
        throw n.malformed("qkv_hidden_sizes are %s of %s columns".formatted(sizes, columns));
      }
      return sizes;
    }
    if (!columns.isFixed() || columns.fixed() % 3 != 0) {
      throw n.malformed("packs queries, keys and values into " + columns + " columns");
    }
    Dim third = Dim.of(columns.fixed() / 3);
    return List.of(third, third, third);
  }

  /** Operands: q, k, v, bias of all three, mask or lengths, bias of the scores, past. */
  static Operand multiHead(OnnxNode n) {
    refusePast(n, 6, 7);
    List<Operand> operands = new ArrayList<>();
    if (n.rank(0) == 5) {
      for (int i = 0; i < 3; i++) {
        operands.add(unpacked(n, n.in(0), i));
      }
    } else {
      operands.add(n.in(0));
      boolean pairs = n.rank(1) == 5;
      operands.add(pairs ? unpacked(n, n.in(1), 0) : joined(n, n.in(1)));
      operands.add(pairs ? unpacked(n, n.in(1), 1) : joined(n, n.in(2)));
    }
    if (n.has(3)) {
      Dim start = Dim.ZERO;
      for (int i = 0; i < 3; i++) {
        Dim size = operands.get(i).type().dim(2);
        Operand bias = n.emit(new Slice(0, start, size, 1), n.in(3));
        operands.set(i, n.emit(new Binary(Binary.Kind.ADD), operands.get(i), bias));
        start = start.plus(size);
      }
    }
    return attend(n, operands, 4, 5);
  }

  private static void refusePast(OnnxNode n, int from, int to) {
    for (int i = from; i <= to; i++) {
      if (i != 5 && n.has(i)) {
        throw n.unsupported("keeps past keys and values; export the model without a cache");
      }
    }
  }

  /** Part {@code index} of {@code [batch, sequence, heads, parts, headDim]}, heads side by side. */
  private static Operand unpacked(OnnxNode n, Operand packed, int index) {
    List<Dim> dims = packed.type().dims();
    Operand part = n.emit(new Slice(3, Dim.of(index), Dim.ONE, 1), packed);
    List<Dim> joined = List.of(dims.get(0), dims.get(1), dims.get(2).times(dims.get(4)));
    return n.emit(new Reshape(joined), part);
  }

  /** Keys or values that come as {@code [batch, heads, sequence, headDim]}, heads side by side. */
  private static Operand joined(OnnxNode n, Operand x) {
    if (x.type().rank() != 4) {
      return x;
    }
    List<Dim> dims = x.type().dims();
    Operand swapped = n.emit(new Transpose(List.of(0, 2, 1, 3)), x);
    List<Dim> joined = List.of(dims.get(0), dims.get(2), dims.get(1).times(dims.get(3)));
    return n.emit(new Reshape(joined), swapped);
  }

  private static Operand attend(OnnxNode n, List<Operand> operands, int maskAt, int biasAt) {
    long heads = n.integer("num_heads", 0);
    if (heads < 1 || heads > MOST_HEADS) {
      throw n.malformed("num_heads is " + heads);
    }
    Dim headDim = operands.get(0).type().dim(-1).dividedBy(Dim.of(heads));
    double given = n.real("scale", 0);
    double scale = given == 0 ? 1 / Math.sqrt(n.fixed(headDim, "the head size")) : given;
    Causal causal = n.flag("unidirectional", false) ? Causal.TOP_LEFT : Causal.NONE;
    Attention op =
        new Attention(
            (int) heads, (int) heads, Layout.TOKENS, scale, causal, 0, 0, Attention.Map.NONE);
    boolean counted = n.has(maskAt) && n.rank(maskAt) == 1;
    Operand mask = n.has(maskAt) && !counted ? visible(n, maskAt) : null;
    Operand bias = n.optional(biasAt);
    if (mask != null && bias != null) {
      Operand hidden = n.number(bias.type().dtype(), Double.NEGATIVE_INFINITY);
      mask = n.emit(new Where(), mask, bias, hidden);
    }
    return n.emit(
        op,
        operands.get(0),
        operands.get(1),
        operands.get(2),
        mask == null ? bias : mask,
        null,
        null,
        counted ? lengths(n, maskAt) : null);
  }

  /** A mask of 1 and 0, {@code [batch, keys]} or {@code [batch, queries, keys]}, of all heads. */
  private static Operand visible(OnnxNode n, int position) {
    List<Dim> dims = new ArrayList<>(n.inType(position).dims());
    while (dims.size() < 4) {
      dims.add(1, Dim.ONE);
    }
    Operand mask = n.emit(new Cast(DType.BOOL), n.in(position));
    return n.emit(new Reshape(dims), mask);
  }

  private static Operand lengths(OnnxNode n, int position) {
    Dim batch = n.inType(0).dim(0);
    Dim given = n.inType(position).dim(0);
    if (!given.equals(batch)) {
      throw n.unsupported(
          "its mask has %s elements for %s sequences; expected one length for each"
              .formatted(given, batch));
    }
    return n.in(position);
  }
}
