package dev.heddle.op;

import dev.heddle.tensor.DType;

/**
 * Converts every element to another type, by the rules of {@link dev.heddle.tensor.Elements}:
 * floats round to nearest even, a float becomes an integer by truncation, anything but zero is
 * true.
 *
 * <p>Input: x, any type and shape; of a block-quantised type it becomes F32 and nothing else.
 */
public record Cast(DType to) implements Op {}
