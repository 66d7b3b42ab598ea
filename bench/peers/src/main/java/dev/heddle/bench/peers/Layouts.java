package dev.heddle.bench.peers;

import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.lang.foreign.MemorySegment;

/** Operands in the order that a peer reads them in. */
final class Layouts {
  private Layouts() {}

  /** {@code [columns, rows]} of {@code [rows, columns]}. */
  static HostTensor transposed(HostTensor matrix) {
    long rows = matrix.shape().dim(0);
    long columns = matrix.shape().dim(1);
    return swapped(matrix, 1, rows, columns, 1, Shape.of(columns, rows));
  }

  /** {@code [batch, tokens, heads * headDim]} of {@code [batch, heads, tokens, headDim]}. */
  static HostTensor tokens(HostTensor heads) {
    Shape shape = heads.shape();
    long width = shape.dim(1) * shape.dim(3);
    return swapped(
        heads,
        shape.dim(0),
        shape.dim(1),
        shape.dim(2),
        shape.dim(3),
        Shape.of(shape.dim(0), shape.dim(2), width));
  }

  /** {@code [batch, heads, tokens, headDim]} of {@code [batch, tokens, heads * headDim]}. */
  static HostTensor heads(HostTensor tokens, int heads) {
    Shape shape = tokens.shape();
    long headDim = shape.dim(2) / heads;
    return swapped(
        tokens,
        shape.dim(0),
        shape.dim(1),
        heads,
        headDim,
        Shape.of(shape.dim(0), heads, shape.dim(1), headDim));
  }

  /** Of {@code [batch, a, b, run]} the same with a and b exchanged, as {@code shape}. */
  private static HostTensor swapped(
      HostTensor from, long batch, long a, long b, long run, Shape shape) {
    HostTensor to = HostTensor.allocate(from.dtype(), shape);
    MemorySegment source = from.memory();
    long bytes = run * from.dtype().bytes();
    for (long i = 0; i < batch; i++) {
      for (long j = 0; j < a; j++) {
        for (long k = 0; k < b; k++) {
          long at = (i * a + j) * b + k;
          long place = (i * b + k) * a + j;
          MemorySegment.copy(source, at * bytes, to.memory(), place * bytes, bytes);
        }
      }
    }
    return to;
  }
}
