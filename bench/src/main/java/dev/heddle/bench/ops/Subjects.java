package dev.heddle.bench.ops;

import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.CompileOptions.Numerics;
import dev.heddle.bench.ops.AttentionSubject.Mask;
import dev.heddle.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What is measured, in the report's order. */
public final class Subjects {
  private static final List<DType> FLOATS = List.of(DType.F32, DType.BF16, DType.F16);

  private Subjects() {}

  /** The one of that {@link Subject#name}. */
  public static Subject named(String name) {
    return Stream.of(cpu(), gpu(), small())
        .flatMap(List::stream)
        .filter(subject -> subject.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no subject is called " + name));
  }

  /**
   * Shapes that two cores compute in a tenth of a second at most, as encoders and decoders of some
   * hundred million parameters have them. What memory bounds is larger than caches are.
   */
  public static List<Subject> cpu() {
    List<Subject> all = new ArrayList<>();
    all.add(MatMulSubject.of(DType.F32, 1, 512, 512, 512));
    FLOATS.forEach(dtype -> all.add(MatMulSubject.of(dtype, 1, 1024, 1024, 1024)));
    all.add(MatMulSubject.of(DType.F32, 1, 16_384, 64, 256));
    all.add(MatMulSubject.of(DType.F32, 96, 128, 128, 32));
    FLOATS.forEach(dtype -> all.add(MatMulSubject.linear(dtype, 1024, 1536, 384)));
    all.add(MatMulSubject.linear(DType.F32, 1024, 384, 1536));
    for (long rows : new long[] {1, 16, 256}) {
      MatMulSubject linear = MatMulSubject.linear(DType.F32, rows, 4096, 2048);
      all.add(linear);
      if (rows != 256) {
        all.add(MatMulSubject.linear(DType.BF16, rows, 4096, 2048));
      }
      for (DType weights : new DType[] {DType.Q8_0, DType.Q4_0}) {
        for (Activations activations : Activations.values()) {
          all.add(linear.with(weights, activations));
        }
      }
    }
    for (long[] extents : new long[][] {{98_304, 128}, {16_384, 1024}, {256, 50_257}}) {
      all.add(new RowsSubject(RowsSubject.Kind.SOFTMAX, DType.F32, extents[0], extents[1]));
    }
    for (long[] extents : new long[][] {{32_768, 384}, {16_384, 1024}}) {
      all.add(new RowsSubject(RowsSubject.Kind.LAYER_NORM, DType.F32, extents[0], extents[1]));
    }
    all.add(new RowsSubject(RowsSubject.Kind.LAYER_NORM, DType.BF16, 16_384, 1024));
    for (Mask mask : Mask.values()) {
      all.add(new AttentionSubject(DType.F32, 16, 12, 128, 32, mask));
    }
    all.add(new AttentionSubject(DType.F32, 1, 12, 1024, 64, Mask.CAUSAL));
    all.add(new AttentionSubject(DType.BF16, 1, 12, 1024, 64, Mask.CAUSAL));
    all.add(new CachedAttentionSubject(DType.F32, 1, 4096, 32, 8, 64));
    all.add(new CachedAttentionSubject(DType.F32, 8, 1024, 32, 8, 64));
    return List.copyOf(all);
  }

  /** Shapes that fill a GPU. */
  public static List<Subject> gpu() {
    List<Subject> all = new ArrayList<>();
    for (DType dtype : new DType[] {DType.BF16, DType.F16, DType.F32}) {
      for (Numerics numerics : Numerics.values()) {
        all.add(MatMulSubject.of(dtype, 1, 8192, 8192, 8192).with(numerics));
        all.add(MatMulSubject.of(dtype, 1, 4096, 4096, 4096).with(numerics));
      }
    }
    for (Numerics numerics : Numerics.values()) {
      for (long rows : new long[] {1, 16, 64}) {
        all.add(MatMulSubject.linear(DType.BF16, rows, 8192, 8192).with(numerics));
      }
    }
    long tokens = 16_384;
    for (int headDim : new int[] {128, 64}) {
      for (Mask mask : new Mask[] {Mask.NONE, Mask.CAUSAL}) {
        for (long length = 1024; length <= tokens; length *= 2) {
          all.add(
              new AttentionSubject(
                  DType.BF16, tokens / length, 2048 / headDim, length, headDim, mask));
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
    return List.copyOf(all);
  }

  /** One of each kind and type, so small that a simulator computes them in a moment. */
  public static List<Subject> small() {
    List<Subject> all = new ArrayList<>();
    for (DType dtype : FLOATS) {
      for (Numerics numerics : Numerics.values()) {
        all.add(MatMulSubject.of(dtype, 1, 80, 72, 40).with(numerics));
      }
    }
    all.add(MatMulSubject.of(DType.F32, 5, 33, 40, 24));
    MatMulSubject linear = MatMulSubject.linear(DType.BF16, 1, 72, 40);
    all.add(linear);
    all.add(MatMulSubject.linear(DType.F32, 3, 72, 64).with(DType.Q8_0, Activations.FLOAT32));
    for (Mask mask : Mask.values()) {
      all.add(new AttentionSubject(DType.BF16, 2, 2, 33, 64, mask));
    }
    all.add(new CachedAttentionSubject(DType.BF16, 2, 256, 4, 2, 64));
    for (RowsSubject.Kind kind : RowsSubject.Kind.values()) {
      all.add(new RowsSubject(kind, DType.BF16, 9, 130));
    }
    return List.copyOf(all);
  }
}
