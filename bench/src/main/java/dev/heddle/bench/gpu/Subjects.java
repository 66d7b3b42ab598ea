package dev.heddle.bench.gpu;

import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** What is measured, in the report's order. */
final class Subjects {
  private static final List<DType> TYPES = List.of(DType.BF16, DType.F16, DType.F32);

  private Subjects() {}

  /** Shapes that fill a GPU. */
  static List<Subject> full() {
    List<Subject> all = new ArrayList<>();
    for (DType dtype : TYPES) {
      for (Numerics numerics : Numerics.values()) {
        all.add(new MatMulSubject(dtype, numerics, 8192, 8192, 8192));
        all.add(new MatMulSubject(dtype, numerics, 4096, 4096, 4096));
      }
    }
    for (Numerics numerics : Numerics.values()) {
      for (long rows : new long[] {1, 16, 64}) {
        all.add(new MatMulSubject(DType.BF16, numerics, rows, 8192, 8192));
      }
    }
    long tokens = 16_384;
    for (int headDim : new int[] {128, 64}) {
      for (boolean causal : new boolean[] {false, true}) {
        for (long length = 1024; length <= tokens; length *= 2) {
          all.add(
              new AttentionSubject(
                  DType.BF16, tokens / length, 2048 / headDim, length, headDim, causal));
        }
      }
    }
    for (int sequences : new int[] {1, 8, 64}) {
      for (int length : new int[] {1024, 8192, 32_768}) {
        all.add(new CachedAttentionSubject(DType.BF16, sequences, length, 32, 8, 128));
      }
    }
    for (DType dtype : new DType[] {DType.BF16, DType.F32}) {
      for (RowsSubject.Kind kind : RowsSubject.Kind.values()) {
        all.add(new RowsSubject(kind, dtype, 16_384, 8192));
      }
    }
    return all;
  }

  /** One of each kind and type, so small that a simulator computes them in a moment. */
  static List<Subject> small() {
    List<Subject> all = new ArrayList<>();
    for (DType dtype : TYPES) {
      for (Numerics numerics : Numerics.values()) {
        all.add(new MatMulSubject(dtype, numerics, 80, 72, 40));
      }
    }
    all.add(new MatMulSubject(DType.BF16, Numerics.INVARIANT, 1, 72, 40));
    all.add(new AttentionSubject(DType.BF16, 1, 2, 33, 64, false));
    all.add(new AttentionSubject(DType.BF16, 1, 2, 33, 64, true));
    all.add(new CachedAttentionSubject(DType.BF16, 2, 256, 4, 2, 64));
    for (RowsSubject.Kind kind : RowsSubject.Kind.values()) {
      all.add(new RowsSubject(kind, DType.BF16, 9, 130));
    }
    return all;
  }
}
