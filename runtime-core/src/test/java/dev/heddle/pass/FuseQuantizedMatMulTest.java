package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Cast;
import dev.heddle.op.DynamicQuantize;
import dev.heddle.op.MatMul;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FuseQuantizedMatMulTest {
  private final Before b = new Before();

  /** {@code x @ w} as quantised files state it: 8-bit codes, whole sums, both scales after. */
  private Value product(Value x, int axis, Value w) {
    List<Value> quantized = b.g.addAll("quantize", new DynamicQuantize(axis, false), 3, x);
    Value zero = cast(cast(quantized.get(DynamicQuantize.ZERO_POINT), DType.U8), DType.F32);
    Value levels =
        b.binary(Binary.Kind.ADD, quantized.getFirst(), quantized.get(DynamicQuantize.ZERO_POINT));
    Value codes = b.g.subtract(cast(cast(levels, DType.U8), DType.F32), zero);
    Value sums = cast(cast(b.g.add("dense", MatMul.PLAIN, codes, w), DType.I32), DType.F32);
    Value scale = b.g.multiply(quantized.get(DynamicQuantize.SCALE), b.weight("scales", 6));
    return b.g.multiply(sums, scale);
  }

  private Value cast(Value x, DType to) {
    return b.g.add("cast", new Cast(to), x);
  }

  private Value whole(String name) {
    return b.g.constant(name, HostTensor.of(wholeNumbers(), 4, 6));
  }

  private static float[] wholeNumbers() {
    float[] w = new float[24];
    for (int i = 0; i < w.length; i++) {
      w[i] = i * 11 % 255 - 127;
    }
    return w;
  }

  @Test
  void scalesGoIntoTheOperandsAndTheBiasIntoTheProduct() {
    Value x = b.input("x", "batch", "sequence", 4);
    Value y = b.g.add(product(x, 2, whole("w")), b.weight("bias", 6));
    Graph after = b.after(Passes.standard(), y);
    assertEquals(Map.of("DynamicQuantize", 1, "MatMul", 1), Before.count(after), after::text);
    assertEquals("dense", Before.only(MatMul.class, after).name());
  }

  @Test
  void weightsThatAreNotWholeStay() {
    Value x = b.input("x", "batch", "sequence", 4);
    Graph after = b.after(Passes.standard(), product(x, 1, b.weight("w", 4, 6)));
    assertEquals(new DynamicQuantize(1, false), Before.only(DynamicQuantize.class, after).op());
  }

  @Test
  void aRangeOfASequenceHasNoPaddingInARaggedBatch() {
    Value x =
        b.g.embedding(
            "words", b.weight("words", 9, 4), b.input("ids", DType.I64, "batch", "sequence"));
    b.g.output("y", product(x, 1, whole("w")));
    Graph padded = b.g.build();
    Graph ragged =
        Passes.standard()
            .apply(
                assertInstanceOf(
                        RemovePadding.Result.Ragged.class,
                        RemovePadding.apply(padded, "mask", List.of("y")))
                    .graph());
    int[] starts = {0, 3, 4, 9};
    long[] ids = new Random(3).longs(9, 0, 9).toArray();
    float[] all =
        Interpreter.run(
                ragged,
                Map.of(
                    "ids", HostTensor.of(ids, 9),
                    "cu_seq_lens", HostTensor.of(starts, 4)),
                Map.of())
            .get("y")
            .toFloats();
    for (int i = 0; i < 3; i++) {
      long[] own = Arrays.copyOfRange(ids, starts[i], starts[i + 1]);
      Map<String, HostTensor> alone = Map.of("ids", HostTensor.of(own, 1, own.length));
      assertArrayEquals(
          Interpreter.run(padded, alone, Map.of()).get("y").toFloats(),
          Arrays.copyOfRange(all, starts[i] * 6, starts[i + 1] * 6),
          1e-4f);
    }
  }

  @Test
  void whereBatchesStayPaddedEachTokenGetsItsOwnRange() {
    Value x = b.input("x", "batch", "sequence", 4);
    b.g.output("y", product(x, 1, whole("w")));
    Graph after = new QuantizeByToken().apply(Passes.standard().apply(b.g.build()));
    assertEquals(new DynamicQuantize(2, true), Before.only(DynamicQuantize.class, after).op());
  }
}
