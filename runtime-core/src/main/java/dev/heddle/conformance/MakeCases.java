package dev.heddle.conformance;

import dev.heddle.op.DimensionsOf;
import dev.heddle.op.Fill;
import dev.heddle.op.Op;
import dev.heddle.op.Range;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Fill}, {@link Range} and {@link DimensionsOf}, all without symbols. */
final class MakeCases {
  private MakeCases() {}

  static Stream<Case> all() {
    Stream<Case> typed =
        DType.scalars().stream()
            .flatMap(dtype ->
                Stream.of(
                    make(dtype, "[3,17] of 1", new Fill(dtype, dims(3, 17), 1)),
                    make(dtype, "[1] of 0.3", new Fill(dtype, dims(1), 0.3)),
                    make(dtype, "[] of -2.7", new Fill(dtype, dims(), -2.7)),
                    make(dtype, "[0,3]", new Fill(dtype, dims(0, 3), 5))));
    Stream<Case> ranges =
        Stream.of(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64)
            .flatMap(dtype ->
                Stream.of(
                    make(dtype, "33 from 0", range(dtype, 0, 33, 1)),
                    make(dtype, "17 from 100 down", range(dtype, 100, 17, -7)),
                    make(dtype, "none", range(dtype, 4, 0, 1))));
    Stream<Case> others =
        Stream.of(
            make(DType.I64, "5 from 2^60", range(DType.I64, 1L << 60, 5, 1)),
            make(DType.I64, "[4,0,9]", new DimensionsOf(dims(4, 0, 9))));
    return Stream.of(typed, ranges, others).flatMap(cases -> cases);
  }

  private static Case make(DType dtype, String what, Op op) {
    return new Case(
        op.name(),
        dtype,
        what,
        (backend, data) -> new Trial(op, data).check(backend, Tolerance.EXACT));
  }

  private static List<Dim> dims(long... extents) {
    return Arrays.stream(extents).mapToObj(Dim::of).toList();
  }

  private static Op range(DType dtype, long start, long count, long step) {
    return new Range(dtype, Dim.of(start), Dim.of(count), step);
  }
}
