package dev.heddle.kernels;

import dev.heddle.tensor.DType;

/**
 * A library of the device's maker that multiplies matrices. It picks its algorithm by the extents,
 * so that a row's result depends on how many others there are: it is used where the caller asks for
 * what is fastest, and never else.
 *
 * @see KernelQueue#multiply
 */
public interface ProductLibrary {
  /** Operands of a product that has a {@link Product#finish} begin at multiples of it, in bytes. */
  int ALIGNMENT = 16;

  /** {@code cuBLAS 12}. */
  String name();

  /** Whether it may take float32's first bits only: {@link Product#tf32}. */
  boolean hasTf32();

  /** Whether it multiplies matrices of {@code inputs} into one of {@code output}. */
  boolean multiplies(DType inputs, DType output);

  /**
   * Whether it knows products that end so, of some extents.
   *
   * @param inputs of a product that it {@link #multiplies}; so is the next
   */
  boolean finishes(DType inputs, DType output, Product.Finish finish);

  /**
   * Whether it has an algorithm for a product, whose {@link Product#finish} it knows.
   *
   * @throws KernelLaunchException if it cannot tell
   */
  boolean finishes(Product product);
}
