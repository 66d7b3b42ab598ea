package dev.heddle.conformance;

import dev.heddle.op.Where;
import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** {@link Where}: every type, all three operands broadcast. */
final class WhereCases {
  private record Shapes(long[] condition, long[] a, long[] b) {}

  private static final List<Shapes> SHAPES =
      List.of(
          new Shapes(new long[] {129}, new long[] {129}, new long[] {129}),
          new Shapes(new long[] {5, 33}, new long[] {}, new long[] {5, 33}),
          new Shapes(new long[] {5, 1}, new long[] {33}, new long[] {1}),
          new Shapes(new long[] {}, new long[] {5, 1}, new long[] {1, 33}),
          new Shapes(new long[] {2, 1, 1, 17}, new long[] {3, 17, 17}, new long[] {1}),
          new Shapes(new long[] {0}, new long[] {1}, new long[] {0}));

  private WhereCases() {}

  static Stream<Case> all() {
    return DType.scalars().stream()
        .flatMap(dtype -> SHAPES.stream().map(shapes -> make(dtype, shapes)));
  }

  private static Case make(DType dtype, Shapes shapes) {
    String what =
        Arrays.toString(shapes.condition)
            + "?"
            + Arrays.toString(shapes.a)
            + ":"
            + Arrays.toString(shapes.b);
    return new Case(
        "Where",
        dtype,
        what.replace(" ", ""),
        (backend, data) ->
            new Trial(new Where(), data)
                .input(data.bools(0.5, shapes.condition))
                .input(data.any(dtype, shapes.a))
                .input(data.any(dtype, shapes.b))
                .check(backend, Tolerance.EXACT));
  }
}
