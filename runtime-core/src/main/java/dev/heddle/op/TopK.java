package dev.heddle.op;

import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * The {@code k} largest, or smallest, elements along one axis and their indices, best first; of
 * equal elements the one with the lower index comes first, and NaN counts as above all numbers.
 *
 * <p>Input: x. Outputs: {@link #VALUES}, x's type, and {@link #INDICES}, I64; the axis has extent
 * k. An extent below k is an error of the run.
 */
public record TopK(Dim k, int axis, boolean largest) implements Op {
  public static final int VALUES = 0;
  public static final int INDICES = 1;

  @Override
  public List<Dim> dims() {
    return List.of(k);
  }
}
