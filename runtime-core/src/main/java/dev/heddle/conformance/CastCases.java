package dev.heddle.conformance;

import dev.heddle.op.Cast;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.stream.Stream;

/** {@link Cast}: every type to every other; ties, double rounding, what does not fit. */
final class CastCases {
  /** Ties of f16 and bf16, what a detour through f32 rounds twice, subnormals, overflow. */
  private static final double[] EDGES = {
    0.0,
    -0.0,
    0.5,
    -0.5,
    1.5,
    255.9,
    -1,
    -1.9,
    300.7,
    65519.9,
    65520,
    70000,
    1e-7,
    6e-8,
    2.9e-8,
    1 + 0x1p-11,
    1 + 0x1p-11 + 0x1p-40,
    1 + 0x1p-8,
    1 + 0x1p-8 + 0x1p-40,
    1 + 3 * 0x1p-11,
    3e9,
    -3e9,
    1e20,
    -1e20,
    1e38,
    1e39,
    Double.POSITIVE_INFINITY,
    Double.NEGATIVE_INFINITY,
    Double.NaN,
    16777217,
    0.1
  };

  private static final long[] WHOLE = {
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    -129,
    32768,
    65536,
    16777217,
    -16777219,
    1L << 31,
    1L << 40,
    (1L << 53) + 1,
    (1L << 54) - 1,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    0x4000_0040_0000_0001L,
    0x4040_0000_0000_0001L
  };

  private CastCases() {}

  static Stream<Case> all() {
    return DType.scalars().stream()
        .flatMap(from ->
            DType.scalars().stream()
                .flatMap(
                    to -> Stream.of(make(from, to, "1031", 1031), make(from, to, "edges", 0))));
  }

  private static Case make(DType from, DType to, String what, int count) {
    return new Case(
        "Cast",
        from,
        "to " + to + "/" + what,
        (backend, data) ->
            new Trial(new Cast(to), data)
                .input(count > 0 ? operand(from, data, count) : edges(from))
                .check(backend, Tolerance.EXACT));
  }

  private static HostTensor operand(DType dtype, Data data, int count) {
    return switch (dtype) {
      case BOOL -> data.bools(0.5, count);
      case U8, I8, I16, I32, I64 -> data.anyIntegers(dtype, count);
      default -> data.gaussian(dtype, 0, 100, count);
    };
  }

  private static HostTensor edges(DType dtype) {
    if (dtype.isFloat()) {
      return Data.values(dtype, EDGES, EDGES.length);
    }
    HostTensor tensor = HostTensor.heap(dtype, Shape.of(WHOLE.length));
    for (int i = 0; i < WHOLE.length; i++) {
      tensor.setLong(i, WHOLE[i]);
    }
    return tensor;
  }
}
