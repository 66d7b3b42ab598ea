package dev.heddle.op;

import dev.heddle.tensor.Dim;
import java.util.List;

/**
 * Elements {@code start, start + step, ...}, {@code length} of them, along one axis. Input: x.
 *
 * <p>{@code step} may be negative, never 0. All indices lie within the axis; otherwise the run is
 * refused.
 */
public record Slice(int axis, Dim start, Dim length, long step) implements Op {
  @Override
  public List<Dim> dims() {
    return List.of(start, length);
  }
}
