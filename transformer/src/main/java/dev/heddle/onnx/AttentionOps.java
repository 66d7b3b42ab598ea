package dev.heddle.onnx;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reshape;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The standard's own attention (operator set 23 on) and rotary embedding.
 *
 * <p>Operands of rank 3 are tokens with their heads side by side, those of rank 4 are split into
 * heads. With past keys and values, which are always split, everything is.
 */
final class AttentionOps {
  private static final List<Integer> SWAP_HEADS = List.of(0, 2, 1, 3);
  private static final int MOST_HEADS = 1 << 16;
  private static final int MASK = 3;
  private static final int PAST_KEY = 4;
  private static final int PAST_VALUE = 5;
  private static final int KEY_LENGTHS = 6;

  private AttentionOps() {}

  static List<Operand> attention(OnnxNode n) {
    boolean tokens = n.rank(0) == 3;
    boolean past = n.has(PAST_KEY);
    if (past != n.has(PAST_VALUE)) {
      throw n.malformed("has past keys or values, but not both");
    }
    int heads = heads(n, 0, "q_num_heads");
    int kvHeads = heads(n, 1, "kv_num_heads");
    boolean split = tokens && past;
    Operand q = split ? split(n, n.in(0), heads) : n.in(0);
    Operand k = split || tokens && n.wants(1) ? split(n, n.in(1), kvHeads) : n.in(1);
    Operand v = split || tokens && n.wants(2) ? split(n, n.in(2), kvHeads) : n.in(2);
    Operand presentKey = past ? n.emit(new Concat(2), n.in(PAST_KEY), k) : k;
    Operand presentValue = past ? n.emit(new Concat(2), n.in(PAST_VALUE), v) : v;
    Layout layout = tokens && !past ? Layout.TOKENS : Layout.HEADS;
    if (layout == Layout.TOKENS) {
      k = n.in(1);
      v = n.in(2);
    } else {
      k = presentKey;
      v = presentValue;
    }
    Dim columns = q.type().dim(-1);
    long headDim =
        n.fixed(
            layout == Layout.HEADS ? columns : columns.dividedBy(Dim.of(heads)), "the head size");
    double scale = n.real("scale", 1 / Math.sqrt(headDim));
    Causal causal = causal(n, q, past);
    Attention op =
        new Attention(heads, kvHeads, layout, scale, causal, 0, n.real("softcap", 0), map(n));
    Dim keys = k.type().dim(layout == Layout.HEADS ? 2 : 1);
    Operand mask = mask(n, keys);
    if (needsExplicitCausalMask(n)) {
      mask = causalMask(n, mask, q.type().dim(2), keys);
    }
    List<Operand> results =
        n.emitAll(
            op,
            op.map() == Attention.Map.NONE ? 1 : 2,
            q,
            k,
            v,
            mask,
            null,
            null,
            n.optional(KEY_LENGTHS));
    Operand y = split ? joined(n, results.getFirst()) : results.getFirst();
    return Arrays.asList(y, presentKey, presentValue, results.size() > 1 ? results.get(1) : null);
  }

  private static int heads(OnnxNode n, int position, String attribute) {
    long heads =
        n.rank(position) == 4
            ? n.fixed(n.inType(position).dim(1), "the number of heads")
            : n.integer(attribute, 0);
    if (heads < 1 || heads > MOST_HEADS) {
      throw n.malformed(attribute + " is " + heads);
    }
    return (int) heads;
  }

  private static Operand split(OnnxNode n, Operand tokens, int heads) {
    List<Dim> dims = tokens.type().dims();
    Dim headDim = dims.get(2).dividedBy(Dim.of(heads));
    Operand apart =
        n.emit(new Reshape(List.of(dims.get(0), dims.get(1), Dim.of(heads), headDim)), tokens);
    return n.emit(new Transpose(SWAP_HEADS), apart);
  }

  private static Operand joined(OnnxNode n, Operand heads) {
    Operand swapped = n.emit(new Transpose(SWAP_HEADS), heads);
    List<Dim> dims = swapped.type().dims();
    return n.emit(
        new Reshape(List.of(dims.get(0), dims.get(1), dims.get(2).times(dims.get(3)))), swapped);
  }

  /** With a past, query i sees keys up to {@code past + i}. */
  private static Causal causal(OnnxNode n, Operand q, boolean past) {
    if (!n.flag("is_causal", false) || needsExplicitCausalMask(n)) {
      return Causal.NONE;
    }
    return past ? Causal.BOTTOM_RIGHT : Causal.TOP_LEFT;
  }

  /** A past, and more new keys than queries or fewer: then neither corner is aligned. */
  private static boolean needsExplicitCausalMask(OnnxNode n) {
    int axis = n.rank(0) - 2;
    return n.flag("is_causal", false)
        && n.has(PAST_KEY)
        && !n.inType(0).dim(axis).equals(n.inType(1).dim(axis));
  }

  private static Operand causalMask(OnnxNode n, Operand mask, Dim queries, Dim keys) {
    Dim past = n.inType(PAST_KEY).dim(2);
    Operand rows = n.emit(new Range(DType.I64, past, queries, 1));
    rows = n.emit(new Reshape(List.of(queries, Dim.ONE)), rows);
    Operand columns = n.emit(new Range(DType.I64, Dim.ZERO, keys, 1));
    Operand visible = n.emit(new Compare(Compare.Kind.LESS_OR_EQUAL), columns, rows);
    if (mask == null) {
      return visible;
    }
    DType dtype = mask.type().dtype();
    Operand hidden = n.number(dtype, dtype == DType.BOOL ? 0 : Double.NEGATIVE_INFINITY);
    return n.emit(new Where(), visible, mask, hidden);
  }

  /** The mask; one that ends before the last key hides the keys behind its end. */
  private static Operand mask(OnnxNode n, Dim keys) {
    Operand mask = n.optional(MASK);
    if (mask == null) {
      return null;
    }
    Dim missing = keys.minus(mask.type().dim(-1));
    if (mask.type().dim(-1).is(1) || !missing.isFixed() || missing.fixed() <= 0) {
      return mask;
    }
    List<Long> before = Collections.nCopies(mask.type().rank(), 0L);
    List<Long> after = new ArrayList<>(before);
    after.set(after.size() - 1, missing.fixed());
    double hides = mask.type().dtype() == DType.BOOL ? 0 : Double.NEGATIVE_INFINITY;
    return n.emit(new Pad(before, after, hides), mask);
  }

  private static Attention.Map map(OnnxNode n) {
    if (!n.wants(3)) {
      return Attention.Map.NONE;
    }
    return switch ((int) n.integer("qk_matmul_output_mode", 0)) {
      case 0 -> Attention.Map.SCORES;
      case 1 -> Attention.Map.CAPPED;
      case 2 -> Attention.Map.MASKED;
      case 3 -> Attention.Map.WEIGHTS;
      default ->
          throw n.malformed("qk_matmul_output_mode is " + n.integer("qk_matmul_output_mode", 0));
    };
  }

  static Operand rotary(OnnxNode n) {
    boolean split = n.rank(0) == 4;
    int heads = split ? 0 : Math.toIntExact(n.integer("num_heads", 0));
    if (!split && heads < 1) {
      throw n.malformed("has no num_heads, which an operand of rank 3 needs");
    }
    Dim columns = n.inType(0).dim(-1);
    Dim headDim = split ? columns : columns.dividedBy(Dim.of(heads));
    long asked = n.integer("rotary_embedding_dim", 0);
    int rotaryDim = Math.toIntExact(asked == 0 ? n.fixed(headDim, "the head size") : asked);
    RotaryEmbedding op = new RotaryEmbedding(heads, rotaryDim, n.flag("interleaved", false));
    Operand positions = n.optional(3);
    if (positions != null && positions.type().dtype() != DType.I64) {
      positions = n.emit(new Cast(DType.I64), positions);
    }
    return n.emit(op, n.in(0), table(n, 1, rotaryDim), table(n, 2, rotaryDim), positions);
  }

  private static Operand table(OnnxNode n, int position, int rotaryDim) {
    Operand table = n.in(position);
    Dim half = Dim.of(rotaryDim / 2);
    int last = table.type().rank() - 1;
    return table.type().dim(last).equals(half)
        ? table
        : n.emit(new Slice(last, Dim.ZERO, half, 1), table);
  }
}
