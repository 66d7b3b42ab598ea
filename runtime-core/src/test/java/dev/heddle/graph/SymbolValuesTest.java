package dev.heddle.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.op.Slice;
import dev.heddle.op.TopK;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

class SymbolValuesTest {
  private static final Dim N = Dim.symbol("n");

  /** {@code x [n, 4], y [2*n + 1]}, and a result of extent k. */
  private static SymbolValues values() {
    var g = new GraphBuilder("symbols");
    Value x = g.input("x", TensorType.of(DType.F32, "n", 4));
    g.input("y", TensorType.of(DType.F32, Dim.of(2).times(N).plus(Dim.ONE)));
    g.output("top", g.add("top", new TopK(Dim.symbol("k"), 1, true), x));
    return new SymbolValues(g.build());
  }

  @Test
  void learnsSymbolsFromShapesAndChecksTheRest() {
    SymbolValues values = values();
    assertEquals(List.of("k", "n"), values.names());
    values.learn(1, Shape.of(7));
    assertEquals(3, values.applyAsLong("n"));
    values.check(0, Shape.of(3, 4));
    var e = assertThrows(GraphException.class, () -> values.check(0, Shape.of(2, 4)));
    assertTrue(e.getMessage().contains("x: f32 [n, 4] has shape [2, 4] with n=3"), e.getMessage());
  }

  @Test
  void aShapeThatNoValueFitsIsRefused() {
    SymbolValues values = values();
    values.learn(1, Shape.of(8));
    assertThrows(GraphException.class, () -> values.check(1, Shape.of(8)));
    SymbolValues again = values();
    assertThrows(GraphException.class, () -> again.learn(0, Shape.of(3, 4, 5)));
  }

  @Test
  void aShapeThatWouldMakeASymbolNegativeIsRefused() {
    var g = new GraphBuilder("negative");
    Value x = g.input("x", TensorType.of(DType.F32, N.plus(Dim.of(5))));
    SymbolValues values = new SymbolValues(g.output("x", x).build());
    var e = assertThrows(GraphException.class, () -> values.learn(0, Shape.of(3)));
    assertTrue(e.getMessage().contains("f32 [n + 5] has shape [3]"), e.getMessage());
  }

  @Test
  void whatNoShapeTellsMustBeBound() {
    SymbolValues values = values();
    var e = assertThrows(GraphException.class, () -> values.applyAsLong("k"));
    assertTrue(e.getMessage().contains("the symbol k; bind it by Inputs.bind"), e.getMessage());
    values.bind("k", 2);
    values.bind("somebody else's", 9);
    assertEquals(2, values.applyAsLong("k"));
    values.reset();
    assertThrows(GraphException.class, () -> values.applyAsLong("k"));
  }

  @Test
  void aSymbolThatOnlyAnAttributeHoldsCanBeBound() {
    var g = new GraphBuilder("attributes");
    Value x = g.input("x", TensorType.of(DType.F32, 8));
    g.output("y", g.add("slice", new Slice(0, Dim.symbol("from"), Dim.of(3), 1), x));
    SymbolValues values = new SymbolValues(g.build());
    values.bind("from", 5);
    assertEquals(5, values.applyAsLong("from"));
  }

  @Test
  void aPlanIsFoundAgainByItsValues() {
    SymbolValues values = values();
    values.bind("k", 2);
    values.learn(0, Shape.of(3, 4));
    long[] seen = new long[2];
    values.copyTo(seen);
    assertTrue(values.matches(seen));
    values.bind("k", 3);
    assertFalse(values.matches(seen));
  }
}
