package dev.heddle.conformance;

import dev.heddle.op.Gather;
import dev.heddle.op.GatherElements;
import dev.heddle.op.GatherNd;
import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Gather}, {@link GatherElements} and {@link GatherNd}: axes, negative indices, types. */
final class GatherCases {
  private static final List<DType> INDICES = List.of(DType.I32, DType.I64);

  private GatherCases() {}

  static Stream<Case> all() {
    return Stream.of(gather(), embeddings(), elements(), tuples()).flatMap(cases -> cases);
  }

  private static String text(long... shape) {
    return Arrays.toString(shape).replace(" ", "");
  }

  private static Stream<Case> gather() {
    return DType.scalars().stream()
        .flatMap(dtype ->
            INDICES.stream()
                .flatMap(type ->
                    Stream.of(0, 1, 2)
                        .flatMap(axis ->
                            Stream.of(
                                    new long[] {},
                                    new long[] {1},
                                    new long[] {5},
                                    new long[] {2, 3},
                                    new long[] {0})
                                .filter(shape -> dtype == DType.F32 || shape.length == 2)
                                .map(shape -> gather(dtype, type, axis, shape)))));
  }

  private static Case gather(DType dtype, DType type, int axis, long[] shape) {
    long[] extents = {5, 7, 11};
    return new Case(
        "Gather",
        dtype,
        "[5,7,11]/axis=%d/%s %s".formatted(axis, type, text(shape)),
        (backend, data) ->
            new Trial(new Gather(axis), data)
                .input(data.any(dtype, extents))
                .input(data.integers(type, -extents[axis], extents[axis] - 1, shape))
                .check(backend, Tolerance.EXACT));
  }

  private static Stream<Case> embeddings() {
    return Stream.of(DType.F32, DType.F16, DType.BF16)
        .flatMap(dtype ->
            Stream.of(1, 64, 129, 384)
                .map(hidden ->
                    new Case(
                        "Gather",
                        dtype,
                        "embedding [1009," + hidden + "]",
                        (backend, data) ->
                            new Trial(new Gather(0), data)
                                .constant(data.normal(dtype, 1009, hidden))
                                .input(data.integers(DType.I32, 0, 1008, 33))
                                .check(backend, Tolerance.EXACT))));
  }

  private static Stream<Case> elements() {
    return Stream.of(DType.F32, DType.I64, DType.F16, DType.BOOL)
        .flatMap(dtype ->
            INDICES.stream()
                .flatMap(type ->
                    Stream.of(0, 1, 2)
                        .map(axis -> {
                          long[] extents = {5, 7, 11};
                          long[] shape = {4, 6, 9};
                          shape[axis] = 13;
                          return new Case(
                              "GatherElements",
                              dtype,
                              "[5,7,11]/axis=%d/%s".formatted(axis, type),
                              (backend, data) ->
                                  new Trial(new GatherElements(axis), data)
                                      .input(data.any(dtype, extents))
                                      .input(
                                          data.integers(
                                              type, -extents[axis], extents[axis] - 1, shape))
                                      .check(backend, Tolerance.EXACT));
                        })));
  }

  private record Tuples(int batchDims, long[] x, long[] indices) {}

  private static Stream<Case> tuples() {
    return Stream.of(
            new Tuples(0, new long[] {3, 4, 5}, new long[] {7, 1}),
            new Tuples(0, new long[] {3, 4, 5}, new long[] {2, 7, 2}),
            new Tuples(0, new long[] {3, 4, 5}, new long[] {3}),
            new Tuples(1, new long[] {3, 4, 5}, new long[] {3, 7, 1}),
            new Tuples(1, new long[] {3, 4, 5}, new long[] {3, 2}),
            new Tuples(2, new long[] {3, 4, 5}, new long[] {3, 4, 6, 1}),
            new Tuples(0, new long[] {3, 4}, new long[] {0, 2}))
        .flatMap(t ->
            Stream.of(DType.F32, DType.I64, DType.BF16)
                .map(dtype ->
                    new Case(
                        "GatherNd",
                        dtype,
                        "%s at %s/batch=%d".formatted(text(t.x), text(t.indices), t.batchDims),
                        (backend, data) ->
                            new Trial(new GatherNd(t.batchDims), data)
                                .input(data.any(dtype, t.x))
                                .input(data.integers(DType.I64, -3, 2, t.indices))
                                .check(backend, Tolerance.EXACT))));
  }
}
