package dev.heddle.cpu;

import dev.heddle.op.ExpertMatMul;
import dev.heddle.plan.Operand;

/** How an {@link ExpertMatMul}'s operands lie in one run: pairs of a token and a choice. */
final class ExpertExtents {
  private final Site site;
  private int pairs;
  private int share;
  private int k;
  private int n;

  ExpertExtents(Site site) {
    this.site = site;
  }

  void bind() {
    Operand x = site.in(ExpertMatMul.X);
    Operand choices = site.in(ExpertMatMul.EXPERTS);
    Operand weight = site.in(ExpertMatMul.WEIGHTS);
    pairs = Math.toIntExact(choices.elements());
    share = x.rank() == 2 ? Math.toIntExact(choices.dim(1)) : 1;
    k = Math.toIntExact(x.dim(-1));
    n = Math.toIntExact(weight.dim(0));
    boolean rowsAgree = x.dim(0) == choices.dim(0) && (x.rank() == 2 || x.dim(1) == choices.dim(1));
    if (!rowsAgree || weight.dim(1) != k) {
      throw site.wrong("rows %s, choices %s, weights %s".formatted(x, choices, weight));
    }
  }

  int experts() {
    return site.inputCount() - ExpertMatMul.WEIGHTS;
  }

  int pairs() {
    return pairs;
  }

  int k() {
    return k;
  }

  int n() {
    return n;
  }

  /** The row of x that a pair has. */
  long row(int pair) {
    return pair / share;
  }

  /**
   * The expert that a pair has.
   *
   * @throws dev.heddle.backend.InvalidInputException if it is none
   */
  int chosen(int pair) {
    Operand choices = site.in(ExpertMatMul.EXPERTS);
    long address = choices.address() + (long) pair * choices.dtype().bytes();
    return (int) site.index(Scalars.getLong(choices.dtype(), address), experts());
  }
}
