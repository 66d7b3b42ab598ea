package dev.heddle.op;

/**
 * {@code y = x[..., indices, ...]}: slices of x along one axis. With axis 0 and a table {@code
 * [vocabulary, hidden]} it is an embedding.
 *
 * <p>Inputs: {@link #X} any type; {@link #INDICES} I32 or I64 of any shape, in {@code [-extent,
 * extent)}, negative ones counting from the end; others are an error of the run. Output: the axis
 * is replaced by the indices' shape. Where x is a constant {@code [rows, columns]} of a
 * block-quantised type, the axis is 0 and the output is of F32.
 */
public record Gather(int axis) implements Op {
  public static final int X = 0;
  public static final int INDICES = 1;
}
