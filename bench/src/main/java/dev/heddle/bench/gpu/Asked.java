package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import dev.heddle.tensor.DType;

/**
 * What is asked of a speed.
 *
 * @param ofPeer of PyTorch's speed in the same run, 1 being the same; 0 where nothing is asked
 * @param ofCeiling of the ceiling measured in the same run; 0 where nothing is asked
 */
record Asked(double ofPeer, double ofCeiling) {
  static final Asked NOTHING = new Asked(0, 0);

  static Asked of(Subject subject) {
    return switch (subject) {
      case MatMulSubject product ->
          product.dtype() != DType.BF16 || Bound.of(product) == Bound.MEMORY
              ? NOTHING
              : ofPeer(product.numerics() == Numerics.FASTEST ? 0.97 : 0.75);
      case AttentionSubject _ -> ofPeer(1);
      case CachedAttentionSubject _ -> ofCeiling(0.8);
      case RowsSubject _ -> ofCeiling(0.85);
    };
  }

  private static Asked ofPeer(double share) {
    return new Asked(share, 0);
  }

  private static Asked ofCeiling(double share) {
    return new Asked(0, share);
  }
}
