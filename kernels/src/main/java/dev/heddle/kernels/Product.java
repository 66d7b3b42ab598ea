package dev.heddle.kernels;

import dev.heddle.tensor.DType;

/**
 * {@code y = alpha * a @ b}, so many times over, as a {@link ProductLibrary} takes it: matrices lie
 * row by row without gaps.
 *
 * @param inputs type of a and b; sums are in float32
 * @param output type of y
 * @param tf32 whether of float32 inputs the first 10 bits behind the point will do
 * @param transposeA whether a is {@code [k, m]}
 * @param transposeB whether b is {@code [n, k]}
 * @param count products, whose y lie one after another
 * @param aStep elements from one product's a to the next one's, 0 where all have the same
 * @param bStep the same of b
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
    long bStep) {}
