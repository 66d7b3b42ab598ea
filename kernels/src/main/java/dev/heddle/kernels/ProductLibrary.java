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
  /** {@code cuBLAS 12}. */
  String name();

  /** Whether it may take float32's first bits only: {@link Product#tf32}. */
  boolean hasTf32();

  /** Whether it multiplies matrices of {@code inputs} into one of {@code output}. */
  boolean multiplies(DType inputs, DType output);
}
