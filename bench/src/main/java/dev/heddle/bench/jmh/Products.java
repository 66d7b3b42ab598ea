package dev.heddle.bench.jmh;

import dev.heddle.backend.Plan;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.op.MatMul;

/** What of a model's run counts as its work: matrix products, as the field counts it. */
final class Products {
  private Products() {}

  /**
   * Floating-point operations of one text's products. Attention that is one operation is left out:
   * how much of it is seen depends on masks.
   *
   * @param tokens that are computed
   * @param length value of a symbol that tells how long the text is
   */
  static double flops(Plan plan, long tokens, long length) {
    return plan.steps().stream()
        .filter(
            step -> step.node().op() instanceof MatMul || step.node().op() instanceof ExpertMatMul)
        .mapToDouble(step ->
            step.flops()
                .evaluate(symbol ->
                    switch (symbol) {
                      case "tokens" -> tokens;
                      case "rows", "sequences" -> 1;
                      default -> symbol.contains("batch") ? 1 : length;
                    }))
        .sum();
  }
}
