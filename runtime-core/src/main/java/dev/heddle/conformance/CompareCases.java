package dev.heddle.conformance;

import dev.heddle.op.Compare;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.stream.Stream;

/** {@link Compare}: every relation, type and way to broadcast, equal elements among them. */
final class CompareCases {
  private CompareCases() {}

  static Stream<Case> all() {
    return Arrays.stream(Compare.Kind.values())
        .flatMap(kind ->
            Stream.concat(
                DType.scalars().stream()
                    .filter(dtype -> dtype != DType.BOOL || kind == Compare.Kind.EQUAL)
                    .flatMap(dtype ->
                        Broadcasts.ALL.stream()
                            .filter(s -> dtype == DType.F32 || s.a().length == 2)
                            .map(shapes -> make(kind, dtype, shapes))),
                edges(kind)));
  }

  private static Case make(Compare.Kind kind, DType dtype, Broadcasts shapes) {
    return new Case(
        kind.name(),
        dtype,
        shapes.toString(),
        (backend, data) ->
            new Trial(new Compare(kind), data)
                .input(data.integers(dtype, 0, dtype == DType.BOOL ? 1 : 3, shapes.a()))
                .input(data.integers(dtype, 0, dtype == DType.BOOL ? 1 : 3, shapes.b()))
                .check(backend, Tolerance.EXACT));
  }

  private static Stream<Case> edges(Compare.Kind kind) {
    double[] a = {Double.NaN, 1, Double.NaN, 0, 1 / 0.0, -1 / 0.0, 2};
    double[] b = {1, Double.NaN, Double.NaN, -0.0, 1 / 0.0, 1 / 0.0, 1};
    long big = 1L << 60;
    return Stream.of(
        new Case(
            kind.name(),
            DType.F32,
            "NaN, both zeros, infinity",
            (backend, data) ->
                new Trial(new Compare(kind), data)
                    .input(Data.values(DType.F32, a, 33))
                    .input(Data.values(DType.F32, b, 33))
                    .check(backend, Tolerance.EXACT)),
        new Case(
            kind.name(),
            DType.I64,
            "64 bits, none lost",
            (backend, data) ->
                new Trial(new Compare(kind), data)
                    .input(HostTensor.of(new long[] {big, big + 1, -big}, 3))
                    .input(HostTensor.of(new long[] {big + 1, big, -big}, 3))
                    .check(backend, Tolerance.EXACT)));
  }
}
