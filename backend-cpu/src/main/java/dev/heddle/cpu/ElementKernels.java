package dev.heddle.cpu;

import dev.heddle.op.Binary;
import dev.heddle.op.Unary;

/**
 * Functions of float32 elements that lie one after another. An element's result does not depend on
 * where it lies. The result may take the place of an operand.
 */
interface ElementKernels {
  /** Bytes of scratch memory that each function may use. */
  int SCRATCH = 128;

  /**
   * {@code y[i] = kind(x[i])}.
   *
   * @param kind any but {@link Unary.Kind#NOT} and {@link Unary.Kind#IS_NAN}, whose results are not
   *     floats
   * @param scratch address of {@value #SCRATCH} bytes
   */
  void unary(Unary.Kind kind, long x, long y, int count, long scratch);

  /**
   * {@code y[i] = a[i * aStep] kind b[i * bStep]}.
   *
   * @param kind any but the logical ones
   * @param aStep 1, or 0 to repeat one element
   * @param bStep 1, or 0 to repeat one element
   * @param scratch address of {@value #SCRATCH} bytes
   */
  void binary(
      Binary.Kind kind, long a, int aStep, long b, int bStep, long y, int count, long scratch);

  /** {@code y[i] = x[i]}, x being bf16. */
  void widenBfloats(long x, long y, int count);

  /** {@code y[i] = x[i]}, y being bf16: rounded to nearest, to even between two. */
  void narrowToBfloats(long x, long y, int count);

  /** What no implementation computes: the type checks of a graph let it come to no kernel. */
  static IllegalArgumentException unsupported(Enum<?> kind) {
    return new IllegalArgumentException(kind + " has no float32 result; expected another kind");
  }
}
