package dev.heddle.cpu;

import dev.heddle.op.LayerNorm;
import dev.heddle.op.RmsNorm;
import dev.heddle.plan.Operand;

/** What {@link LayerNorm} and {@link RmsNorm} have in common: rows, and parameters by column. */
final class NormOperands {
  private final Site site;
  private final int axis;
  private final double epsilon;
  private final boolean centred;
  private final Operand scale;
  private final Operand bias;
  private final Operand skip;
  private long size;

  private NormOperands(
      Site site, int axis, double epsilon, boolean centred, int scale, int bias, int skip) {
    this.site = site;
    this.axis = axis;
    this.epsilon = epsilon;
    this.centred = centred;
    this.scale = site.in(scale);
    this.bias = bias < 0 ? null : site.in(bias);
    this.skip = site.in(skip);
  }

  static NormOperands of(Site site, LayerNorm op) {
    return new NormOperands(
        site, op.axis(), op.epsilon(), true, LayerNorm.SCALE, LayerNorm.BIAS, LayerNorm.SKIP);
  }

  static NormOperands of(Site site, RmsNorm op) {
    return new NormOperands(site, op.axis(), op.epsilon(), false, RmsNorm.SCALE, -1, RmsNorm.SKIP);
  }

  void bind() {
    Operand x = site.in(0);
    size = x.product(axis, x.rank());
    check(scale);
    if (bias != null) {
      check(bias);
    }
    if (skip != null && !skip.sameShape(x)) {
      throw site.wrong("the skip %s is not of the shape of %s".formatted(skip, x));
    }
  }

  private void check(Operand parameter) {
    if (parameter.elements() == size) {
      return;
    }
    for (int i = 1; i <= parameter.rank(); i++) {
      Operand x = site.in(0);
      boolean fits = i <= x.rank() - axis && parameter.dim(-i) == x.dim(-i);
      if (parameter.dim(-i) != 1 && !fits) {
        throw site.wrong("%s does not fit the normalised axes of %s".formatted(parameter, x));
      }
    }
  }

  /** Elements of a row. */
  long size() {
    return size;
  }

  long rows() {
    return site.in(0).product(0, axis);
  }

  double epsilon() {
    return epsilon;
  }

  /** Whether the mean is taken off. */
  boolean centred() {
    return centred;
  }

  Operand scale() {
    return scale;
  }

  Operand bias() {
    return bias;
  }

  Operand skip() {
    return skip;
  }

  /** Where the sums go, or null. */
  Operand sum() {
    return site.out(LayerNorm.SUM);
  }

  double scale(long column) {
    return parameter(scale, column);
  }

  /** The bias at {@code column}, 0 where there is none. */
  double bias(long column) {
    return bias == null ? 0 : parameter(bias, column);
  }

  private double parameter(Operand parameter, long column) {
    long index = parameter.elements() == size ? column : broadcast(parameter, column);
    long address = parameter.address() + index * parameter.dtype().bytes();
    return Scalars.getDouble(parameter.dtype(), address);
  }

  private long broadcast(Operand parameter, long column) {
    long index = 0;
    long rest = column;
    for (int i = 1; i <= parameter.rank(); i++) {
      Operand x = site.in(0);
      long extent = x.dim(-i);
      if (parameter.dim(-i) != 1) {
        index +=
            rest % extent * (parameter.stride(parameter.rank() - i) / parameter.dtype().bytes());
      }
      rest /= extent;
    }
    return index;
  }
}
