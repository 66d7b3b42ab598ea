package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.Compare;
import dev.heddle.op.Gather;
import dev.heddle.op.Range;
import dev.heddle.op.Unary.Kind;
import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import org.junit.jupiter.api.Test;

class FuseRelativeBiasTest {
  private static final Pass PASSES =
      Passes.of(java.util.List.of(new SimplifyViews(), new FuseRelativeBias()));
  private static final int BUCKETS = 8;

  private final Before b = new Before();

  private Value positions(Object... dims) {
    Range range = new Range(DType.I64, Dim.ZERO, Dim.symbol("six"), 1);
    return b.g.reshape(b.g.add("range", range), dims);
  }

  private Value whole(long number) {
    return b.g.scalar(DType.I64, number);
  }

  /** Keys less queries, or the other way round. */
  private Value distance(boolean keysFirst) {
    Value keys = positions(1, "six");
    Value queries = positions("six", 1);
    return keysFirst
        ? b.binary(Binary.Kind.SUB, keys, queries)
        : b.binary(Binary.Kind.SUB, queries, keys);
  }

  /**
   * The buckets of T5: on either side two near distances for themselves, the far ones by their
   * logarithm, up to {@code farthest}.
   */
  private Value buckets(Value distance, double farthest) {
    Value after = b.g.add("after", new Compare(Compare.Kind.GREATER), distance, whole(0));
    Value side =
        b.binary(Binary.Kind.MUL, b.g.add("side", new Cast(DType.I64), after), whole(BUCKETS / 2));
    Value far = b.g.unary(Kind.ABS, distance);
    Value ratio = b.g.divide(b.g.add("float", new Cast(DType.F32), far), b.number(2));
    Value scaled =
        b.g.multiply(
            b.g.divide(b.g.unary(Kind.LOG, ratio), b.number(Math.log(farthest / 2))), b.number(2));
    Value large =
        b.binary(Binary.Kind.ADD, b.g.add("whole", new Cast(DType.I64), scaled), whole(2));
    Value bounded = b.binary(Binary.Kind.MIN, large, whole(BUCKETS / 2 - 1));
    Value near = b.g.add("near", new Compare(Compare.Kind.LESS), far, whole(2));
    return b.binary(Binary.Kind.ADD, side, b.g.add("where", new Where(), near, far, bounded));
  }

  private Value bias(Value buckets) {
    Value values = b.g.add("values", new Gather(0), b.weight("biases", BUCKETS, 3), buckets);
    return b.g.reshape(b.g.transpose(values, 2, 0, 1), 1, 3, "six", "six");
  }

  private Graph attention(Value mask) {
    Value q = b.input("q", "batch", "six", 12);
    Value k = b.input("k", "batch", "six", 12);
    Value y = b.g.add("attention", Attention.of(3, 4, Layout.TOKENS), q, k, k, mask);
    return b.after(PASSES, y);
  }

  private static HostTensor relative(Graph graph) {
    Node node = Before.only(Attention.class, graph);
    return graph.constants().get(node.input(Attention.RELATIVE));
  }

  @Test
  void bucketsOfDistancesBecomeATable() {
    Graph after = attention(bias(buckets(distance(true), 10)));
    assertEquals(1, after.nodes().size(), after::text);
    assertEquals("[3, 11]", relative(after).shape().toString(), "the last bucket begins at 5");
  }

  @Test
  void theOrderOfTheDifferenceDoesNotMatter() {
    assertEquals(1, attention(bias(buckets(distance(false), 10))).nodes().size());
  }

  @Test
  void masksBesideItStay() {
    Value mask = b.input("mask", "batch", 1, 1, "six");
    Value more = b.input("more", 1, 3, "six", "six");
    Value bias = bias(buckets(distance(true), 10));
    Graph after = attention(b.g.add(more, b.g.add(bias, mask)));
    assertEquals(2, after.nodes().size(), after::text);
    assertTrue(Before.only(Attention.class, after).has(Attention.MASK));
    assertEquals(3, relative(after).shape().toArray()[0]);
  }

  @Test
  void biasesThatGrowWithoutEndStayAMask() {
    Value distance = b.g.add("float", new Cast(DType.F32), b.g.unary(Kind.ABS, distance(true)));
    Value slope = b.g.multiply(distance, b.number(-0.5));
    Graph after = attention(b.g.reshape(slope, 1, 1, "six", "six"));
    assertFalse(Before.only(Attention.class, after).has(Attention.RELATIVE), after::text);
  }

  @Test
  void biasesThatTellPlacesApartStayAMask() {
    Value distance = distance(true);
    Value mixed = b.binary(Binary.Kind.ADD, b.g.unary(Kind.ABS, distance), positions(1, "six"));
    Value bounded = b.binary(Binary.Kind.MIN, mixed, whole(BUCKETS - 1));
    Graph after = attention(bias(bounded));
    assertFalse(Before.only(Attention.class, after).has(Attention.RELATIVE), after::text);
  }
}
