package dev.heddle.conformance;

import dev.heddle.op.Cast;
import dev.heddle.op.Gather;
import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import java.util.stream.Stream;

/** Block-quantised weights: products with them, rows of them, and what they stand for. */
final class QuantizedCases {
  private QuantizedCases() {}

  static Stream<Case> all() {
    return DType.quantized().stream()
        .flatMap(type ->
            Stream.of(products(type), epilogue(type), rows(type), values(type)).flatMap(c -> c));
  }

  /** Rows one by one, few and many; sums of one block, and longer than any that stays apart. */
  private static Stream<Case> products(DType type) {
    return Stream.of(
            new int[] {1, 256, 1},
            new int[] {1, 512, 33},
            new int[] {3, 1280, 65},
            new int[] {7, 256, 130},
            new int[] {67, 768, 97})
        .map(size -> {
          int m = size[0];
          int k = size[1];
          int n = size[2];
          return new Case(
              "MatMul",
              type,
              "m=%d,k=%d,n=%d/linear".formatted(m, k, n),
              (backend, data) ->
                  new Trial(MatMul.LINEAR, data)
                      .input(data.normal(DType.F32, m, k))
                      .constant(data.any(type, n, k))
                      .check(backend, Tolerance.sum(DType.F32, k)));
        });
  }

  /** A batch of rows, and an odd number of small blocks where the type has them. */
  private static Stream<Case> epilogue(DType type) {
    int k = 3 * type.blockElements();
    return Stream.of(
        new Case(
            "MatMul",
            type,
            "[2,5,%d] by [48,%d]/bias+silu+residual".formatted(k, k),
            (backend, data) ->
                new Trial(MatMul.LINEAR.with(Unary.Kind.SILU), data)
                    .input(data.normal(DType.F32, 2, 5, k))
                    .constant(data.any(type, 48, k))
                    .input(data.normal(DType.F32, 48))
                    .input(data.normal(DType.F32, 2, 5, 48))
                    .check(backend, Tolerance.sum(DType.F32, k))));
  }

  private static Stream<Case> rows(DType type) {
    return Stream.of(DType.I32, DType.I64)
        .map(indices ->
            new Case(
                "Gather",
                type,
                "[101,512] at " + indices,
                (backend, data) ->
                    new Trial(new Gather(0), data)
                        .constant(data.any(type, 101, 512))
                        .input(data.integers(indices, -101, 100, 3, 7))
                        .check(backend, Tolerance.EXACT)));
  }

  private static Stream<Case> values(DType type) {
    return Stream.of(
        new Case(
            "Cast",
            type,
            "[5,768] to f32",
            (backend, data) ->
                new Trial(new Cast(DType.F32), data)
                    .constant(data.any(type, 5, 768))
                    .check(backend, Tolerance.EXACT)));
  }
}
