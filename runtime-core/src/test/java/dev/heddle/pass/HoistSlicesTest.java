package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.op.Gather;
import dev.heddle.op.Slice;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HoistSlicesTest {
  private static final Pass PASSES =
      Passes.of(
          List.of(
              new HoistSlices(), new FoldConstants(), new SimplifyViews(), new SimplifyViews()));

  private final Before b = new Before();
  private final Value x = b.input("x", "batch", "sequence", 4);

  private Value packed() {
    return b.g.add(b.g.matmul(x, b.weight("w", 4, 36)), b.weight("bias", 36));
  }

  private Value slice(Value value, int start) {
    return b.g.add("slice", new Slice(2, Dim.of(start), Dim.of(12), 1), value);
  }

  private Value pick(Value value, int axis, long index) {
    return b.g.add("pick", new Gather(axis), value, b.g.scalar(DType.I64, index));
  }

  @Test
  void partsOfAProductAreProductsOfParts() {
    Value all = packed();
    b.g.output("k", slice(all, 12));
    b.g.output("v", slice(all, 24));
    Graph after = b.after(PASSES, slice(all, 0));
    assertEquals(Map.of("MatMul", 3, "ADD", 3), Before.count(after), after::text);
  }

  @Test
  void partsArePickedThroughReshapesAndTransposes() {
    Value apart = b.g.transpose(b.g.reshape(packed(), "batch", "sequence", 3, 3, 4), 2, 0, 3, 1, 4);
    b.g.output("k", pick(apart, 0, 1));
    Graph after = b.after(PASSES, pick(apart, 0, -1));
    assertEquals(
        Map.of("MatMul", 2, "ADD", 2, "Reshape", 2, "Transpose", 2),
        Before.count(after),
        after::text);
  }

  @Test
  void aProductThatSomebodyTakesWholeStays() {
    Value all = packed();
    b.g.output("all", all);
    assertEquals(
        Map.of("MatMul", 1, "ADD", 1, "Slice", 1), Before.count(b.after(PASSES, slice(all, 12))));
  }

  @Test
  void anInnerAxisOfASplitStays() {
    Value apart = b.g.reshape(packed(), "batch", "sequence", 3, 3, 4);
    Map<String, Integer> count = Before.count(b.after(PASSES, pick(apart, 3, 1)));
    assertEquals(1, count.get("Gather"), count::toString);
  }
}
