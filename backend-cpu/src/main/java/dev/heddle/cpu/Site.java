package dev.heddle.cpu;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Node;
import dev.heddle.plan.Operand;
import dev.heddle.tensor.Dim;

/**
 * Where a {@link Step} works: its node and operands, and the threads it may use.
 *
 * <p>Operands' places are addresses.
 */
record Site(dev.heddle.plan.Site plan, WorkerPool workers) {
  Node node() {
    return plan.node();
  }

  /** Input {@code position}, or null where it is absent. */
  Operand in(int position) {
    return plan.in(position);
  }

  int inputCount() {
    return plan.inputCount();
  }

  /** Output {@code position}, or null where nobody wants it. */
  Operand out(int position) {
    return plan.out(position);
  }

  long evaluate(Dim dim) {
    return plan.evaluate(dim);
  }

  /** Memory shared by all pieces of the step, as many bytes as {@link Step#bind} asked for. */
  long workspace() {
    return plan.workspace();
  }

  /** What to throw where the node's operands do not fit. */
  InvalidInputException wrong(String what) {
    return plan.wrong(what);
  }

  /** {@code index} counted from the front of an axis of {@code extent}. */
  long index(long index, long extent) {
    return plan.index(index, extent);
  }
}
