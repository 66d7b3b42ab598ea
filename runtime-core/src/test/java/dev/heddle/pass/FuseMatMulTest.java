package dev.heddle.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.graph.Value;
import dev.heddle.op.LayerNorm;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary.Kind;
import dev.heddle.tensor.Dim;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FuseMatMulTest {
  @Test
  void biasActivationAndResidualGoIntoTheProduct() {
    Before b = new Before();
    Value x = b.input("x", "batch", "sequence", 4);
    Value product = b.g.add("dense", MatMul.PLAIN, x, b.weight("w", 4, 6));
    Value biased = b.g.add(b.weight("bias", 6), product);
    Value active = b.g.unary(Kind.GELU, biased);
    Value y = b.g.add(active, b.input("residual", "batch", "sequence", 6));
    Node node = Before.only(MatMul.class, b.after(new FuseMatMul(), y));
    assertEquals("dense", node.name());
    assertEquals(MatMul.PLAIN.with(Kind.GELU), node.op());
    assertTrue(node.has(MatMul.BIAS) && node.has(MatMul.RESIDUAL));
  }

  @Test
  void aBiasAfterTheResidualStillFits() {
    Before b = new Before();
    Value x = b.input("x", "batch", "sequence", 6);
    Value sum = b.g.add(x, b.g.matmul(x, b.weight("w", 6, 6)));
    Graph after = b.after(new FuseMatMul(), b.g.add(sum, b.weight("bias", 1, 1, 6)));
    assertEquals(Map.of("MatMul", 1), Before.count(after));
  }

  @Test
  void whatComesAfterAnActivationIsNoBias() {
    Before b = new Before();
    Value x = b.input("x", "batch", 6);
    Value active = b.g.unary(Kind.RELU, b.g.matmul(x, b.weight("w", 6, 6)));
    Graph after = b.after(new FuseMatMul(), b.g.add(active, b.weight("bias", 6)));
    assertEquals(Map.of("MatMul", 1, "ADD", 1), Before.count(after));
  }

  @Test
  void numbersBecomeAlpha() {
    Before b = new Before();
    Value x = b.g.divide(b.input("x", "batch", "sequence", 4), b.number(3));
    Value w = b.g.multiply(b.input("w", "batch", 4, "keys"), b.number(0.5));
    Value y = b.g.multiply(b.g.matmul(x, w), b.number(12));
    Node node = Before.only(MatMul.class, b.after(new FuseMatMul(), y));
    assertEquals(2, ((MatMul) node.op()).alpha(), 1e-6);
  }

  @Test
  void aProductWithTwoUsesStays() {
    Before b = new Before();
    Value x = b.input("x", "batch", 6);
    Value product = b.g.matmul(x, b.weight("w", 6, 6));
    b.g.output("product", product);
    Graph after = b.after(new FuseMatMul(), b.g.add(product, b.weight("bias", 6)));
    assertEquals(Map.of("MatMul", 1, "ADD", 1), Before.count(after));
  }

  @Test
  void transposedOperandsAreReadTransposed() {
    Before b = new Before();
    Value x = b.g.transpose(b.input("x", "batch", 4, "sequence"), 0, 2, 1);
    Value w = b.g.transpose(b.input("w", "keys", 4), 1, 0);
    Node node = Before.only(MatMul.class, b.after(new AbsorbViews(), b.g.matmul(x, w)));
    assertEquals(new MatMul(true, true, 1, Kind.IDENTITY), node.op());
  }

  @Test
  void aProductOfRowsIsOneOfAllLeadingAxes() {
    Before b = new Before();
    Value x = b.input("x", "batch", "sequence", 4);
    Dim rows = Dim.symbol("batch").times(Dim.symbol("sequence"));
    Value flat = b.g.reshape(x, rows, 4);
    Value product = b.g.linear("linear", flat, b.weight("w", 6, 4), b.weight("bias", 6));
    Value y = b.g.reshape(product, "batch", "sequence", 6);
    assertEquals(Map.of("MatMul", 1), Before.count(b.after(new AbsorbViews(), y)));
  }

  @Test
  void rowsThatComeApartOtherwiseStayRows() {
    Before b = new Before();
    Value x = b.input("x", "batch", "sequence", 4);
    Dim rows = Dim.symbol("batch").times(Dim.symbol("sequence"));
    Value product = b.g.matmul(b.g.reshape(x, rows, 4), b.weight("w", 4, 6));
    Value y = b.g.reshape(product, "sequence", "batch", 6);
    assertEquals(3, b.after(new AbsorbViews(), y).nodes().size());
  }

  @Test
  void theProductTakesTheResidualAndTheNormWhatIsLeft() {
    Before b = new Before();
    Value x = b.input("x", "batch", 6);
    Value sum = b.g.add(b.g.matmul(x, b.weight("w", 6, 6)), x);
    Value norm = b.g.layerNorm("norm", sum, b.weight("scale", 6), b.weight("bias", 6), 1e-5);
    Value other = b.g.unary(Kind.TANH, norm);
    Value sum2 = b.g.add(other, sum);
    Value y = b.g.layerNorm("norm2", sum2, b.weight("scale", 6), b.weight("bias", 6), 1e-5);
    b.g.output("sum2", b.g.unary(Kind.NEG, sum2));
    Graph after = b.after(Passes.of(java.util.List.of(new FuseMatMul(), new FuseSkipNorm())), y);
    assertEquals(Map.of("MatMul", 1, "LayerNorm", 2, "TANH", 1, "NEG", 1), Before.count(after));
    Node last =
        after.nodes().stream()
            .filter(node -> node.op() instanceof LayerNorm && node.has(LayerNorm.SKIP))
            .findFirst()
            .orElseThrow();
    assertEquals(2, last.outputs().size(), "the sum is used elsewhere");
  }
}
