package dev.heddle.conformance;

import dev.heddle.op.Binary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.stream.Stream;

/** {@link Binary}: every function, type and way to broadcast; NaN, wrapping, both remainders. */
final class BinaryCases {
  private BinaryCases() {}

  static Stream<Case> all() {
    return Stream.of(grid(), powers(), edges()).flatMap(cases -> cases);
  }

  private static Stream<Case> grid() {
    return Arrays.stream(Binary.Kind.values())
        .flatMap(kind ->
            DType.scalars().stream()
                .filter(dtype -> logical(kind) == (dtype == DType.BOOL))
                .flatMap(dtype ->
                    Broadcasts.ALL.stream()
                        .filter(shapes -> common(dtype) || shapes.a().length == 2)
                        .map(shapes -> make(kind, dtype, shapes))));
  }

  private static boolean common(DType dtype) {
    return dtype == DType.F32 || dtype == DType.I64 || dtype == DType.BOOL;
  }

  private static boolean logical(Binary.Kind kind) {
    return switch (kind) {
      case AND, OR, XOR -> true;
      default -> false;
    };
  }

  private static Case make(Binary.Kind kind, DType dtype, Broadcasts shapes) {
    return new Case(
        kind.name(),
        dtype,
        shapes.toString(),
        (backend, data) ->
            new Trial(new Binary(kind), data)
                .input(left(kind, dtype, data, shapes.a()))
                .input(right(kind, dtype, data, shapes.b()))
                .check(backend, dtype.isFloat() ? Tolerance.function(dtype) : Tolerance.EXACT));
  }

  private static HostTensor left(Binary.Kind kind, DType dtype, Data data, long[] shape) {
    if (dtype.isFloat()) {
      return kind == Binary.Kind.POW
          ? data.uniform(dtype, 0.1, 3, shape)
          : data.gaussian(dtype, 0, 10, shape);
    }
    return dtype == DType.BOOL ? data.bools(0.5, shape) : data.anyIntegers(dtype, shape);
  }

  private static HostTensor right(Binary.Kind kind, DType dtype, Data data, long[] shape) {
    if (kind == Binary.Kind.POW) {
      return dtype.isFloat()
          ? data.uniform(dtype, -3, 3, shape)
          : data.integers(dtype, 0, 5, shape);
    }
    boolean divides =
        kind == Binary.Kind.DIV || kind == Binary.Kind.MOD || kind == Binary.Kind.FMOD;
    if (dtype.isInteger() && divides) {
      return data.integers(
          dtype,
          () -> {
            int size = 1 + data.below(9);
            return dtype == DType.U8 || data.below(2) == 0 ? size : -size;
          },
          shape);
    }
    return left(Binary.Kind.ADD, dtype, data, shape);
  }

  private static Stream<Case> powers() {
    return Stream.of(
            new DType[] {DType.F32, DType.I64},
            new DType[] {DType.F32, DType.I32},
            new DType[] {DType.F32, DType.F16},
            new DType[] {DType.F16, DType.BF16},
            new DType[] {DType.BF16, DType.F64},
            new DType[] {DType.BF16, DType.I32},
            new DType[] {DType.I32, DType.F32},
            new DType[] {DType.I64, DType.F32},
            new DType[] {DType.I32, DType.I64})
        .map(types ->
            new Case(
                "POW",
                types[0],
                "to the power of " + types[1],
                (backend, data) ->
                    new Trial(new Binary(Binary.Kind.POW), data)
                        .input(
                            types[0].isFloat()
                                ? data.gaussian(types[0], 0, 2, 5, 33)
                                : data.integers(types[0], 1, 9, 5, 33))
                        .input(data.integers(types[1], 0, 4, 33))
                        .check(
                            backend,
                            types[0].isFloat() ? Tolerance.function(types[0]) : Tolerance.EXACT)));
  }

  private static Stream<Case> edges() {
    double[] a = {Double.NaN, 1, Double.NaN, 1 / 0.0, -1 / 0.0, 1 / 0.0, 7.5, -7.5, 7.5, -7.5, 3};
    double[] b = {1, Double.NaN, Double.NaN, 1, 2, -1 / 0.0, 2, 2, -2, -2, 1 / 0.0};
    Stream<Case> floats =
        Stream.of(
                Binary.Kind.ADD,
                Binary.Kind.SUB,
                Binary.Kind.MUL,
                Binary.Kind.DIV,
                Binary.Kind.MIN,
                Binary.Kind.MAX,
                Binary.Kind.FMOD)
            .map(kind ->
                new Case(
                    kind.name(),
                    DType.F32,
                    "NaN and infinity",
                    (backend, data) ->
                        new Trial(new Binary(kind), data)
                            .input(Data.values(DType.F32, a, 33))
                            .input(Data.values(DType.F32, b, 33))
                            .check(backend, Tolerance.function(DType.F32))));
    long big = (1L << 53) + 1;
    long[] left = {Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE, big, -big, -7, 7, -7};
    long[] right = {1, -1, 1, 1, 1, 3, -3, -3};
    Stream<Case> longs =
        Arrays.stream(Binary.Kind.values())
            .filter(kind -> !logical(kind) && kind != Binary.Kind.POW)
            .map(kind ->
                new Case(
                    kind.name(),
                    DType.I64,
                    "64 bits, none lost",
                    (backend, data) ->
                        new Trial(new Binary(kind), data)
                            .input(HostTensor.of(left, left.length))
                            .input(HostTensor.of(right, right.length))
                            .check(backend, Tolerance.EXACT)));
    return Stream.concat(floats, longs);
  }
}
