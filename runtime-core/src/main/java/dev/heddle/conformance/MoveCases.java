package dev.heddle.conformance;

import dev.heddle.op.Concat;
import dev.heddle.op.Expand;
import dev.heddle.op.Op;
import dev.heddle.op.Pad;
import dev.heddle.op.Reshape;
import dev.heddle.op.Slice;
import dev.heddle.op.Transpose;
import dev.heddle.op.Triangle;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The operations that move elements: to the bit, for every type. */
final class MoveCases {
  /** One for each size of an element; the others take the same road. */
  private static final List<DType> TYPES = List.of(DType.F32, DType.BOOL, DType.F16, DType.I64);

  private MoveCases() {}

  static Stream<Case> all() {
    return Stream.of(
            reshapes(),
            transposes(),
            expansions(),
            joins(),
            slices(),
            paddings(),
            triangles(),
            everyType())
        .flatMap(cases -> cases);
  }

  private static Case make(DType dtype, String what, Op op, long[]... shapes) {
    return new Case(
        op.name(),
        dtype,
        what,
        (backend, data) -> {
          Trial trial = new Trial(op, data);
          for (long[] shape : shapes) {
            trial.input(data.any(dtype, shape));
          }
          return trial.check(backend, Tolerance.EXACT);
        });
  }

  private static Stream<Case> typed(String what, Op op, long[]... shapes) {
    return TYPES.stream().map(dtype -> make(dtype, what, op, shapes));
  }

  private static String text(Object list) {
    return list.toString().replace(" ", "");
  }

  private static String text(long[] shape) {
    return text(Arrays.toString(shape));
  }

  private static List<Dim> dims(long... extents) {
    return Arrays.stream(extents).mapToObj(Dim::of).toList();
  }

  private static Stream<Case> reshapes() {
    return Stream.of(
            new long[][] {{6, 35}, {5, 42}},
            new long[][] {{1}, {}},
            new long[][] {{}, {1, 1}},
            new long[][] {{3, 0}, {0, 7}})
        .flatMap(pair ->
            typed(text(pair[0]) + " to " + text(pair[1]), new Reshape(dims(pair[1])), pair[0]));
  }

  private static Stream<Case> transposes() {
    return Stream.of(
            List.of(0),
            List.of(1, 0),
            List.of(0, 2, 1),
            List.of(1, 0, 2),
            List.of(2, 1, 0),
            List.of(1, 2, 0),
            List.of(2, 0, 1),
            List.of(0, 2, 1, 3),
            List.of(0, 2, 3, 1),
            List.of(3, 2, 1, 0),
            List.of(1, 0, 3, 2),
            List.of(0, 1, 3, 2),
            List.of(4, 0, 2, 1, 3))
        .flatMap(axes ->
            Stream.of(new long[] {5, 3, 17, 2, 7}, new long[] {65, 33, 4, 9, 1})
                .flatMap(all -> {
                  long[] shape = Arrays.copyOf(all, axes.size());
                  String what = text(shape) + "/" + text(axes);
                  return typed(what, new Transpose(axes), shape);
                }));
  }

  private static Stream<Case> expansions() {
    return Stream.of(
            new long[][] {{}, {3, 5}},
            new long[][] {{1, 33}, {7, 33}},
            new long[][] {{7, 1}, {7, 33}},
            new long[][] {{3, 1, 5}, {2, 1, 4, 5}},
            // Both broadcast: an extent of 1 asked for leaves x's own.
            new long[][] {{4, 5}, {1, 5}},
            new long[][] {{1, 3}, {0, 3}})
        .flatMap(pair ->
            typed(text(pair[0]) + " to " + text(pair[1]), new Expand(dims(pair[1])), pair[0]));
  }

  private static Stream<Case> joins() {
    return Stream.of(
            typed("one", new Concat(0), new long[] {5, 7}),
            typed("axis=0", new Concat(0), new long[] {5, 7}, new long[] {1, 7}, new long[] {2, 7}),
            typed("axis=1", new Concat(1), new long[] {5, 7}, new long[] {5, 33}),
            typed("axis=1 of 3", new Concat(1), new long[] {2, 3, 5}, new long[] {2, 1, 5}),
            typed(
                "axis=2, five",
                new Concat(2),
                new long[] {2, 3, 1},
                new long[] {2, 3, 4},
                new long[] {2, 3, 0},
                new long[] {2, 3, 9},
                new long[] {2, 3, 2}))
        .flatMap(cases -> cases);
  }

  private static Stream<Case> slices() {
    long[] shape = {5, 7, 33};
    return Stream.of(
            new long[] {0, 1, 3, 1},
            new long[] {0, 4, 3, -2},
            new long[] {1, 0, 7, 1},
            new long[] {1, 1, 3, 2},
            new long[] {1, 6, 7, -1},
            new long[] {2, 5, 17, 1},
            new long[] {2, 0, 11, 3},
            new long[] {2, 32, 5, -7},
            new long[] {2, 0, 0, 1})
        .flatMap(s ->
            typed(
                "[5,7,33]/axis=%d,start=%d,length=%d,step=%d".formatted(s[0], s[1], s[2], s[3]),
                new Slice((int) s[0], Dim.of(s[1]), Dim.of(s[2]), s[3]),
                shape));
  }

  private static Stream<Case> paddings() {
    return Stream.of(
            List.of(List.of(0L, 0L), List.of(0L, 3L)),
            List.of(List.of(1L, 2L), List.of(3L, 0L)),
            List.of(List.of(-1L, 2L), List.of(0L, -3L)),
            List.of(List.of(-2L, -1L), List.of(-1L, -2L)))
        .flatMap(p ->
            typed(
                "[5,7]/before=%s,after=%s".formatted(text(p.get(0)), text(p.get(1))),
                new Pad(p.get(0), p.get(1), 1),
                new long[] {5, 7}));
  }

  private static Stream<Case> triangles() {
    return Stream.of(new long[] {7, 7}, new long[] {2, 3, 5, 9}, new long[] {9, 4})
        .flatMap(shape ->
            Stream.of(-20, -2, 0, 1, 20)
                .flatMap(diagonal ->
                    Stream.of(true, false)
                        .flatMap(upper ->
                            typed(
                                "%s/%s %d"
                                    .formatted(text(shape), upper ? "upper" : "lower", diagonal),
                                new Triangle(upper, diagonal),
                                shape))));
  }

  /** Each operation once for the types that {@link #TYPES} lacks. */
  private static Stream<Case> everyType() {
    return DType.scalars().stream()
        .filter(dtype -> !TYPES.contains(dtype))
        .flatMap(dtype ->
            Stream.of(
                make(dtype, "[6,35] to [42,5]", new Reshape(dims(42, 5)), new long[] {6, 35}),
                make(dtype, "[17,33]", new Transpose(List.of(1, 0)), new long[] {17, 33}),
                make(dtype, "[1,33] to [7,33]", new Expand(dims(7, 33)), new long[] {1, 33}),
                make(dtype, "axis=1", new Concat(1), new long[] {5, 7}, new long[] {5, 33}),
                make(
                    dtype,
                    "[5,33] from the end",
                    new Slice(1, Dim.of(32), Dim.of(11), -3),
                    new long[] {5, 33}),
                make(
                    dtype,
                    "[5,7] with 1",
                    new Pad(List.of(1L, -2L), List.of(0L, 3L), 1),
                    new long[] {5, 7}),
                make(dtype, "[9,4]/upper 1", new Triangle(true, 1), new long[] {9, 4})));
  }
}
