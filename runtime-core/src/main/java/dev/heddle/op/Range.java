package dev.heddle.op;

import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.List;

/** {@code start, start + step, ...}: {@code count} numbers, {@code [count]}. No inputs. */
public record Range(DType dtype, Dim start, Dim count, long step) implements Op {
  @Override
  public List<Dim> dims() {
    return List.of(start, count);
  }
}
