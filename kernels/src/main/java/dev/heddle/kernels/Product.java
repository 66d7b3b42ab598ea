package dev.heddle.kernels;

import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;

/**
 * {@code y = activation(alpha * a @ b + bias) + residual}, so many times over, as a {@link
 * ProductLibrary} takes it: matrices lie row by row without gaps.
 *
 * @param inputs type of a and b; sums are in float32
 * @param output type of y, and of what follows the product
 * @param tf32 whether of float32 inputs the first 10 bits behind the point will do
 * @param transposeA whether a is {@code [k, m]}
 * @param transposeB whether b is {@code [n, k]}
 * @param count products, whose y lie one after another
 * @param aStep elements from one product's a to the next one's, 0 where all have the same
 * @param bStep the same of b
 * @param finish what follows
 */
public record Product(
    DType inputs,
    DType output,
    boolean tf32,
    boolean transposeA,
    boolean transposeB,
    long m,
    long n,
    long k,
    float alpha,
    long count,
    long aStep,
    long bStep,
    Finish finish) {
  /** Its operands, in the order in which {@link KernelQueue#multiply} takes them. */
  public enum Operand {
    A,
    B,
    /** {@code [n]}, added to each row. */
    BIAS,
    /** {@code [m, n]}; it may be y itself. */
    RESIDUAL,
    Y
  }

  /**
   * What follows a product.
   *
   * @param bias whether there is one
   * @param activation {@link Unary.Kind#IDENTITY} for none
   * @param residual whether there is one
   */
  public record Finish(boolean bias, Unary.Kind activation, boolean residual) {
    /** Nothing. */
    public static final Finish NONE = new Finish(false, Unary.Kind.IDENTITY, false);
  }
}
