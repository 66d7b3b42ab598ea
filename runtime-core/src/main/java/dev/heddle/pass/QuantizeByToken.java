package dev.heddle.pass;

import dev.heddle.graph.Graph;
import dev.heddle.op.DynamicQuantize;

/**
 * Gives each vector along the last axis a range of its own, where it shared one with others. For
 * graphs that take padded sequences: padding would count in a sequence's range, and so a text's
 * result would depend on the longest of its batch. Runs after {@link FuseQuantizedMatMul}; what
 * that left, scales that are used apart from their codes, stays.
 */
public record QuantizeByToken() implements Pass {
  @Override
  public Graph apply(Graph graph) {
    Rewriter rewriter = new Rewriter(graph);
    rewriter.forEach(node -> {
      if (node.op() instanceof DynamicQuantize op && op.dequantized()) {
        int last = node.output().type().rank() - 1;
        if (op.axis() < last && node.inputs().size() == 1 && node.outputs().size() == 1) {
          DynamicQuantize byToken = new DynamicQuantize(last, true);
          rewriter.substitute(node, byToken, node.input(DynamicQuantize.X));
        }
      }
    });
    return rewriter.finish();
  }
}
