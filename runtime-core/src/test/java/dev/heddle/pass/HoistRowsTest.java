package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.Binary;
import dev.heddle.op.Gather;
import dev.heddle.op.MatMul;
import dev.heddle.op.RmsNorm;
import dev.heddle.op.Softmax;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

class HoistRowsTest {
  private final Before b = new Before();
  private final Value rows = b.input("rows", DType.I32, "batch");
  private final Value x = b.input("x", "six", 4);

  private Value product(Value value) {
    return b.g.add("product", MatMul.LINEAR, value, b.weight("w", 4, 4));
  }

  private Value norm(Value value) {
    return b.g.add("norm", new RmsNorm(1, 1e-5), value, b.weight("scale", 4));
  }

  private Value rowsOf(Value value) {
    return b.g.add("rows", new Gather(0), value, rows);
  }

  private static List<String> gathered(Graph graph) {
    return graph.nodes().stream()
        .filter(node -> node.op() instanceof Gather)
        .map(node -> node.input(Gather.X).name())
        .toList();
  }

  @Test
  void aLayerBehindItsAttentionIsComputedForTheRowsThatAreWanted() {
    Value heads = b.g.add("attention", new Softmax(0, false), x);
    Value state = b.g.add(product(heads), x);
    Value inner = b.g.add("silu", new Unary(Unary.Kind.SILU), product(norm(state)));
    Value gated = b.binary(Binary.Kind.MUL, inner, product(norm(state)));
    Value y = rowsOf(norm(b.g.add(state, product(gated))));
    Graph after = b.after(new HoistRows(), y);
    assertEquals(List.of("attention", "x"), gathered(after), after::text);
    for (Node node : after.nodes()) {
      if (node.op() instanceof MatMul) {
        assertEquals("batch", node.output().type().dim(0).toString(), after::text);
      }
    }
  }

  @Test
  void whatSomebodyTakesWholeIsPickedFromAsItIs() {
    Value state = product(x);
    b.g.output("state", state);
    Graph after = b.after(new HoistRows(), rowsOf(product(state)));
    assertEquals(List.of("product"), gathered(after), after::text);
    assertEquals(2, Before.count(after).get("MatMul"));
  }

  @Test
  void rowsOfWhatNoProductMakesAreTakenWhereTheyWere() {
    Graph after = b.after(new HoistRows(), rowsOf(b.g.add(x, x)));
    assertEquals(List.of("add"), gathered(after), after::text);
  }

  @Test
  void aTableOfFixedExtentIsComputedOnce() {
    Value table = product(b.input("table", 3, 4));
    Graph after = b.after(new HoistRows(), rowsOf(table));
    assertEquals(List.of("product"), gathered(after), after::text);
  }
}
