package dev.heddle.conformance;

import dev.heddle.op.ArgReduce;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.List;
import java.util.stream.Stream;

/** {@link ArgReduce}: every axis, either end, ties to either side, NaN. */
final class ArgReduceCases {
  private ArgReduceCases() {}

  static Stream<Case> all() {
    return Stream.of(DType.F32, DType.F64, DType.F16, DType.BF16, DType.I32, DType.I64, DType.U8)
        .flatMap(dtype ->
            Stream.of(true, false)
                .flatMap(largest ->
                    Stream.of(true, false)
                        .flatMap(lastWins ->
                            Stream.of(0, 1, 2).map(axis -> make(dtype, largest, axis, lastWins)))))
        .mapMulti(List::forEach);
  }

  private static List<Case> make(DType dtype, boolean largest, int axis, boolean lastWins) {
    boolean keepDims = axis != 1;
    ArgReduce op = new ArgReduce(largest, axis, keepDims, lastWins);
    String ties = lastWins ? "/last" : "/first";
    Case grid =
        new Case(
            op.name(),
            dtype,
            "[5,7,67]/axis=" + axis + ties,
            (backend, data) ->
                new Trial(op, data)
                    // Few values, so that most lanes have ties.
                    .input(data.integers(dtype, 0, 5, 5, 7, 67))
                    .check(backend, Tolerance.EXACT));
    if (dtype != DType.F32 || axis != 0) {
      return List.of(grid);
    }
    Case nan =
        new Case(
            op.name(),
            dtype,
            "NaN" + ties,
            (backend, data) -> {
              HostTensor x = data.gaussian(dtype, 3, 1, 33);
              x.setDouble(5, Double.NaN);
              x.setDouble(20, Double.NaN);
              return new Trial(op, data).input(x).check(backend, Tolerance.EXACT);
            });
    Case row =
        new Case(
            op.name(),
            dtype,
            "a row of 20,011" + ties,
            (backend, data) ->
                new Trial(op, data)
                    .input(data.integers(dtype, 0, 5000, 20_011))
                    .check(backend, Tolerance.EXACT));
    return List.of(grid, nan, row);
  }
}
