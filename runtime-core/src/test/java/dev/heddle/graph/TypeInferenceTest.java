package dev.heddle.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.ArgReduce;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Concat;
import dev.heddle.op.CumSum;
import dev.heddle.op.DimensionsOf;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.Expand;
import dev.heddle.op.Fill;
import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Op;
import dev.heddle.op.Pad;
import dev.heddle.op.Range;
import dev.heddle.op.Reduce;
import dev.heddle.op.Reshape;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Slice;
import dev.heddle.op.Softmax;
import dev.heddle.op.TopK;
import dev.heddle.op.Transpose;
import dev.heddle.op.Triangle;
import dev.heddle.op.Unary;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TypeInferenceTest {
  private static final Dim A = Dim.symbol("a");

  /** An operation, its operands' types as text, and the results' types or a part of the error. */
  record Row(Op op, String operands, String expected) {}

  private static Row row(Op op, String operands, String expected) {
    return new Row(op, operands, expected);
  }

  private static Attention attention(Attention.Layout layout, int heads, int kvHeads) {
    return new Attention(
        heads, kvHeads, layout, 1, Attention.Causal.NONE, 0, 0, Attention.Map.WEIGHTS);
  }

  static Stream<Row> good() {
    return Stream.of(
        row(new Unary(Unary.Kind.NEG), "i32 [a, 3]", "i32 [a, 3]"),
        row(new Unary(Unary.Kind.IS_NAN), "f16 [2]", "bool [2]"),
        row(new Binary(Binary.Kind.ADD), "f32 [a, 1, 5]; f32 [3, 1]", "f32 [a, 3, 5]"),
        row(new Binary(Binary.Kind.ADD), "f32 [a]; f32 [3]", "f32 [3]"),
        row(new Binary(Binary.Kind.POW), "f32 [a]; i64 []", "f32 [a]"),
        row(new Binary(Binary.Kind.AND), "bool [2]; bool [1]", "bool [2]"),
        row(new Compare(Compare.Kind.LESS), "i64 [a, b]; i64 [b]", "bool [a, b]"),
        row(new Where(), "bool [a, 1]; f32 []; f32 [7]", "f32 [a, 7]"),
        row(new Cast(DType.BF16), "i64 [a]", "bf16 [a]"),
        row(new Reduce(Reduce.Kind.SUM, List.of(2, 0), true), "f32 [a, b, c]", "f32 [1, b, 1]"),
        row(new Reduce(Reduce.Kind.SUM, List.of(2, 0), false), "f32 [a, b, c]", "f32 [b]"),
        row(new ArgReduce(true, 1, false, false), "f32 [a, b]", "i64 [a]"),
        row(new TopK(Dim.symbol("k"), 1, true), "f16 [a, b]", "f16 [a, k]; i64 [a, k]"),
        row(new Softmax(1, true), "f32 [a, b]", "f32 [a, b]"),
        row(new CumSum(0, false, false), "i32 [a]", "i32 [a]"),
        row(
            new LayerNorm(1, 1e-5),
            "f32 [a, 3, 5]; f32 [3, 5]; f32 [5]; f32 [a, 3, 5]",
            "f32 [a, 3, 5]; f32 [a, 3, 5]"),
        row(new RmsNorm(1, 1e-5), "f32 [a, b]; f32 [b]", "f32 [a, b]; f32 [a, b]"),
        row(
            new DynamicQuantize(1, false),
            "f32 [a, b, 5]",
            "f32 [a, b, 5]; f32 [a, 1, 1]; f32 [a, 1, 1]"),
        row(new DynamicQuantize(0, true), "f32 [a, 5]; i32 [n]", "f32 [a, 5]"),
        row(
            new RotaryEmbedding(4, 8, false),
            "f32 [tokens, 64]; f32 [9, 4]; f32 [9, 4]; i32 [tokens]",
            "f32 [tokens, 64]"),
        row(MatMul.PLAIN, "f32 [2, 1, a, 5]; f32 [3, 5, b]", "f32 [2, 3, a, b]"),
        row(MatMul.LINEAR, "f32 [a, 5]; bf16 [7, 5]; f32 [7]; f32 [a, 7]", "f32 [a, 7]"),
        row(MatMul.PLAIN, "f32 [5]; f32 [5]", "f32 []"),
        row(MatMul.PLAIN, "f32 [a, 5]; f32 [5]", "f32 [a]"),
        row(
            attention(Attention.Layout.RAGGED, 4, 2),
            "f32 [t, 32]; f32 [t, 16]; f32 [t, 24]; -; i32 [n]",
            "f32 [t, 48]; f32 [4, t, max_keys]"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [b, q, 6]; f32 [b, k, 6]; f32 [b, k, 6]; bool [b, 1, 1, k]",
            "f32 [b, q, 6]; f32 [b, 2, q, k]"),
        row(
            attention(Attention.Layout.HEADS, 2, 1),
            "f32 [b, 2, q, 3]; f32 [b, 1, k, 3]; f32 [b, 1, k, 5]",
            "f32 [b, 2, q, 5]; f32 [b, 2, q, k]"),
        row(new Gather(1), "f32 [a, 9, b]; i32 [c, d]", "f32 [a, c, d, b]"),
        row(new GatherElements(0), "f32 [9, b]; i64 [c, b]", "f32 [c, b]"),
        row(new GatherNd(1), "f32 [a, 4, 5, 6]; i64 [a, c, 2]", "f32 [a, c, 6]"),
        row(new Reshape(List.of(A.times(Dim.of(4)), Dim.of(8))), "f32 [a, 32]", "f32 [4*a, 8]"),
        row(new Transpose(List.of(2, 0, 1)), "f32 [a, b, c]", "f32 [c, a, b]"),
        row(new Expand(List.of(A, Dim.of(3))), "f32 [3]", "f32 [a, 3]"),
        row(new Concat(0), "f32 [a, 3]; f32 [b, 3]; f32 [1, 3]", "f32 [a + b + 1, 3]"),
        row(new Slice(0, Dim.ZERO, A, 1), "f32 [2*a, 3]", "f32 [a, 3]"),
        row(new Pad(List.of(1L, 0L), List.of(1L, -2L), 0), "f32 [a, 5]", "f32 [a + 2, 3]"),
        row(new Fill(DType.I32, List.of(A), 7), "", "i32 [a]"),
        row(new Range(DType.F32, Dim.ZERO, A, 1), "", "f32 [a]"),
        row(new DimensionsOf(List.of(A, A)), "", "i64 [2]"),
        row(new Triangle(true, 0), "bool [a, b]", "bool [a, b]"),
        row(new SegmentPool(SegmentPool.Kind.MEAN), "f32 [t, 8]; i32 [n]", "f32 [n - 1, 8]"));
  }

  static Stream<Row> bad() {
    return Stream.of(
        row(new Unary(Unary.Kind.EXP), "i32 [2]", "expected floats"),
        row(new Unary(Unary.Kind.NOT), "f32 [2]", "expected bool"),
        row(new Unary(Unary.Kind.NEG), "bool [2]", "expected numbers"),
        row(new Binary(Binary.Kind.ADD), "f32 [2]; f16 [2]", "operands of one type"),
        row(new Binary(Binary.Kind.ADD), "f32 [2]; f32 [3]", "2 and 3 do not"),
        row(new Binary(Binary.Kind.ADD), "f32 [a]; f32 [b]", "a and b do not"),
        row(new Binary(Binary.Kind.OR), "i32 [2]; i32 [2]", "expected bool"),
        row(new Binary(Binary.Kind.ADD), "f32 [2]", "an input at position 1"),
        row(new Where(), "i32 [2]; f32 [2]; f32 [2]", "a bool condition"),
        row(new Reduce(Reduce.Kind.SUM, List.of(3), true), "f32 [2, 3]", "from 0 to 1, not 3"),
        row(new Softmax(0, false), "i64 [3]", "expected floats"),
        row(new LayerNorm(1, 1e-5), "f32 [2, 3]; f32 [4]", "scale and bias [3]"),
        row(new LayerNorm(1, 1e-5), "f32 [2, 3]; f32 [3]; -; f32 [3]", "skip f32 [2, 3]"),
        row(
            new RotaryEmbedding(4, 8, false),
            "f32 [t, 64]; f32 [9, 3]; f32 [9, 3]",
            "tables of rotaryDim/2 columns"),
        row(MatMul.PLAIN, "f32 [2, 3]; f32 [4, 5]", "inner dimensions alike"),
        row(MatMul.PLAIN, "f32 [a, b]; f32 [c, 5]", "inner dimensions alike"),
        row(MatMul.PLAIN, "i32 [2, 3]; i32 [3, 5]", "expected floats"),
        row(MatMul.LINEAR, "f32 [2, 3]; f32 [5, 3]; f32 [4]", "4"),
        row(MatMul.LINEAR, "f32 [2, 3]; f32 [5, 3]; f32 [2, 2, 5]", "a bias to f32 [2, 5]"),
        row(MatMul.LINEAR, "f32 [2, 3]; f32 [5, 3]; -; f32 [5]", "a residual f32 [2, 5]"),
        row(
            attention(Attention.Layout.TOKENS, 3, 2),
            "f32 [1, 2, 6]; f32 [1, 2, 4]; f32 [1, 2, 4]",
            "heads a multiple of kvHeads"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [1, 2, 6]; f32 [1, 2, 8]; f32 [1, 2, 8]",
            "heads of one size"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [1, 2, 6]; f32 [1, 3, 6]; f32 [1, 4, 6]",
            "as many keys as values"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [1, 2, 6]; f32 [2, 3, 6]; f32 [2, 3, 6]",
            "of one batch"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [1, 2, 6]; f32 [1, 3, 6]; f32 [1, 3, 6]; bool [2, 4]",
            "a mask that broadcasts to [1, 2, 2, 3]"),
        row(
            attention(Attention.Layout.RAGGED, 2, 2),
            "f32 [t, 6]; f32 [t, 6]; f32 [t, 6]",
            "cuSeqLens"),
        row(
            attention(Attention.Layout.TOKENS, 2, 2),
            "f32 [1, 2, 6]; f32 [1, 3, 6]; f32 [1, 3, 6]; -; -; -; f32 [1]",
            "key lengths, i32 or i64"),
        row(new Gather(0), "f32 [3]; f32 [2]", "indices of type i32 or i64"),
        row(new GatherElements(0), "f32 [3, 4]; i64 [3]", "indices of rank 2"),
        row(new GatherNd(0), "f32 [3]; i64 [2, 2]", "tuples no deeper than x"),
        row(new GatherNd(0), "f32 [3]; i64 [2, a]", "whose last extent is a number"),
        row(new Reshape(List.of(Dim.of(7))), "f32 [2, 3]", "as many elements as before"),
        row(new Transpose(List.of(0, 0)), "f32 [2, 3]", "a permutation of the 2 axes"),
        row(new Expand(List.of(Dim.of(4))), "f32 [3]", "do not"),
        row(new Concat(0), "f32 [2, 3]; f32 [2, 4]", "parts alike but for axis 0"),
        row(new Concat(0), "f32 [2]; i32 [2]", "operands of one type"),
        row(new Slice(0, Dim.of(2), Dim.of(3), 1), "f32 [4]", "indices within the axis"),
        row(new Slice(0, Dim.of(1), Dim.of(3), -1), "f32 [4]", "indices within the axis"),
        row(new Slice(0, Dim.ZERO, Dim.ONE, 0), "f32 [4]", "a step that is not 0"),
        row(new Pad(List.of(1L), List.of(1L), 0), "f32 [2, 3]", "counts for each axis"),
        row(new Triangle(true, 0), "f32 [3]", "rank 2 or more"),
        row(new SegmentPool(SegmentPool.Kind.MAX), "f32 [t, 8]; i64 [n]", "i32 of rank 1"));
  }

  private static List<TensorType> types(String text) {
    List<TensorType> types = new ArrayList<>();
    for (String part : text.split("; ")) {
      if (part.equals("-")) {
        types.add(null);
      } else if (!part.isEmpty()) {
        int space = part.indexOf(' ');
        DType dtype = DType.valueOf(part.substring(0, space).toUpperCase(Locale.ROOT));
        String dims = part.substring(space + 2, part.length() - 1);
        List<Dim> all =
            dims.isEmpty()
                ? List.of()
                : Stream.of(dims.split(", ")).map(TypeInferenceTest::dim).toList();
        types.add(new TensorType(dtype, all));
      }
    }
    return types;
  }

  private static Dim dim(String text) {
    int star = text.indexOf('*');
    if (star > 0) {
      return dim(text.substring(0, star)).times(dim(text.substring(star + 1)));
    }
    return Character.isDigit(text.charAt(0)) ? Dim.of(Long.parseLong(text)) : Dim.symbol(text);
  }

  @ParameterizedTest
  @MethodSource("good")
  void operandsThatFitGiveTheResultsTypes(Row row) {
    int outputs = row.expected.split("; ").length;
    String got =
        TypeInference.infer("node", row.op, types(row.operands), outputs).stream()
            .map(TensorType::toString)
            .reduce((a, b) -> a + "; " + b)
            .orElseThrow();
    assertEquals(row.expected, got);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void operandsThatDoNotFitAreNamed(Row row) {
    var e =
        assertThrows(
            GraphException.class,
            () -> TypeInference.infer("layer.7", row.op, types(row.operands), 1));
    assertTrue(e.getMessage().startsWith("layer.7: "), e.getMessage());
    assertTrue(e.getMessage().contains(row.expected), e.getMessage());
  }
}
