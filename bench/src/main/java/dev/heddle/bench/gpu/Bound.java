package dev.heddle.bench.gpu;

import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;

/** What bounds the speed of an operation on a GPU. */
enum Bound {
  /** Floating-point operations: its rate is in TFLOP/s. */
  COMPUTE,
  /** Bytes: its rate is in GB/s. */
  MEMORY;

  /** Up to so many rows, reading the weights takes longer than multiplying by them. */
  private static final long FEW_ROWS = 64;

  static Bound of(Subject subject) {
    return switch (subject) {
      case MatMulSubject product -> product.m() <= FEW_ROWS ? MEMORY : COMPUTE;
      case AttentionSubject _ -> COMPUTE;
      case CachedAttentionSubject _, RowsSubject _ -> MEMORY;
    };
  }

  /** Floating-point operations, or bytes that must be moved. */
  double work(Subject subject) {
    return switch (this) {
      case COMPUTE -> subject.flops();
      case MEMORY -> subject.bytesRead() + subject.bytesWritten();
    };
  }
}
