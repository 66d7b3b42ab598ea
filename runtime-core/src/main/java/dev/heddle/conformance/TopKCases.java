package dev.heddle.conformance;

import dev.heddle.op.TopK;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import java.util.stream.Stream;

/** {@link TopK}: values and indices, either end, every axis, ties, long rows. */
final class TopKCases {
  private TopKCases() {}

  static Stream<Case> all() {
    return Stream.concat(lanes(), rows());
  }

  private static Stream<Case> lanes() {
    return Stream.of(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64)
        .flatMap(dtype ->
            Stream.of(true, false)
                .flatMap(largest ->
                    Stream.of(0, 1, 2)
                        .flatMap(
                            axis -> Stream.of(1, 3, 5).map(k -> make(dtype, largest, axis, k)))));
  }

  /** Rows of thousands, few of them wanted, many, and all; ties, and NaN above all numbers. */
  private static Stream<Case> rows() {
    return Stream.of(DType.F32, DType.F64, DType.I64)
        .flatMap(dtype ->
            Stream.of(true, false)
                .flatMap(largest -> Stream.of(7, 1500, 5003).map(k -> row(dtype, largest, k))));
  }

  private static Case row(DType dtype, boolean largest, int k) {
    TopK op = new TopK(Dim.of(k), 1, largest);
    return new Case(
        "TopK",
        dtype,
        "[3,5003]/%s %d".formatted(largest ? "largest" : "smallest", k),
        (backend, data) -> {
          HostTensor x = data.integers(dtype, -2000, 2000, 3, 5003);
          for (int i = 0; dtype.isFloat() && i < 5; i++) {
            x.setDouble(5003 + 997L * i, Double.NaN);
          }
          return new Trial(op, data).outputs(2).input(x).check(backend, Tolerance.EXACT);
        });
  }

  private static Case make(DType dtype, boolean largest, int axis, int k) {
    TopK op = new TopK(Dim.of(k), axis, largest);
    String order = largest ? "largest" : "smallest";
    return new Case(
        "TopK",
        dtype,
        "[5,7,67]/axis=%d/%s %d".formatted(axis, order, k),
        (backend, data) ->
            new Trial(op, data)
                .outputs(2)
                .input(data.integers(dtype, 0, 20, 5, 7, 67))
                .check(backend, Tolerance.EXACT));
  }
}
