package dev.heddle.op;

/**
 * {@code y = activation(alpha * a @ b + bias) + residual}, batched over the leading axes with
 * broadcasting as numpy's matmul; a or b of rank 1 is a row or a column, whose axis y lacks.
 *
 * <p>Inputs: {@link #A} {@code [..., m, k]} ({@code [..., k, m]} if {@code transposeA}); {@link #B}
 * {@code [..., k, n]} ({@code [..., n, k]} if {@code transposeB}); optional {@link #BIAS},
 * broadcast to y (usually {@code [n]}); optional {@link #RESIDUAL} of y's shape. Output: {@code
 * [..., m, n]} of a's type. B may be stored in another float type than a. Where a is F32, B may be
 * a constant {@code [n, k]} of a block-quantised type, {@code transposeB} being set: blocks lie
 * along k, as in GGUF files.
 *
 * <p>{@code activation} is one of the functions of floats in {@link Unary.Kind}; {@link
 * Unary.Kind#IDENTITY} for none.
 */
public record MatMul(boolean transposeA, boolean transposeB, double alpha, Unary.Kind activation)
    implements Op {
  public static final int A = 0;
  public static final int B = 1;
  public static final int BIAS = 2;
  public static final int RESIDUAL = 3;

  /** {@code a @ b}. */
  public static final MatMul PLAIN = new MatMul(false, false, 1, Unary.Kind.IDENTITY);

  /** {@code a @ b^T}: b as linear layers store it, {@code [out, in]}. */
  public static final MatMul LINEAR = new MatMul(false, true, 1, Unary.Kind.IDENTITY);

  /** The same product with another activation. */
  public MatMul with(Unary.Kind other) {
    return new MatMul(transposeA, transposeB, alpha, other);
  }
}
