package dev.heddle.cpu;

/**
 * The parts of {@link dev.heddle.op.DynamicQuantize}, over a block of elements one after another.
 * All kernels give the same bits: the operation says every rounding.
 */
interface QuantizeKernels {
  /** The least element, if it is below 0, else 0. */
  float low(long x, int count);

  /** The greatest element, if it is above 0, else 0. */
  float high(long x, int count);

  /** {@code y = (clamp(round(x / scale) + zero, 0, 255) - zero) * factor}; y may be x. */
  void codes(long x, long y, int count, float scale, float zero, float factor);
}
