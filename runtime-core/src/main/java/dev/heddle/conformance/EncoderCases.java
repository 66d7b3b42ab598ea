package dev.heddle.conformance;

import dev.heddle.conformance.Programs.Placement;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Whole graphs: encoders, and nodes strung together in ways that tempt a compiler. */
final class EncoderCases {
  /** Two layers of float32, each normalised to numbers of the order of 1. */
  private static final Tolerance TOLERANCE = Tolerance.of(DType.F32, 3e-5, 1e-4);

  private static final List<int[]> BATCHES =
      List.of(new int[] {7}, new int[] {33, 1, 64, 5}, new int[] {1}, new int[] {129, 17});

  private EncoderCases() {}

  static Stream<Case> all() {
    return Stream.concat(
        Stream.of(ragged(), padded(), chain(), diamond()),
        Stream.of(DType.F16, DType.BF16).map(EncoderCases::rounded));
  }

  private static Case ragged() {
    return new Case(
        "Encoder",
        DType.F32,
        "ragged, fused operations",
        (backend, data) -> {
          Graph graph = Encoder.ragged();
          return Programs.check(
              backend,
              graph,
              program -> {
                for (int[] lengths : BATCHES) {
                  int[][] texts =
                      Arrays.stream(lengths)
                          .mapToObj(length -> Encoder.ids(data, length))
                          .toArray(int[][]::new);
                  String difference =
                      Programs.compare(
                          backend,
                          program,
                          graph,
                          Encoder.inputs(texts),
                          Map.of(),
                          Placement.HEAP,
                          TOLERANCE);
                  if (difference != null) {
                    return Arrays.toString(lengths) + ": " + difference;
                  }
                }
                return null;
              });
        });
  }

  private static Case padded() {
    return new Case(
        "Encoder",
        DType.F32,
        "padded, in primitives",
        (backend, data) -> {
          Graph graph = Encoder.padded();
          return Programs.check(
              backend,
              graph,
              program -> {
                for (int[] lengths : BATCHES) {
                  long longest = Arrays.stream(lengths).max().orElseThrow();
                  HostTensor ids =
                      data.integers(DType.I64, 0, Encoder.VOCABULARY - 1, lengths.length, longest);
                  HostTensor mask = HostTensor.heap(DType.I64, ids.shape());
                  for (int row = 0; row < lengths.length; row++) {
                    for (int i = 0; i < lengths[row]; i++) {
                      mask.setLong(row * longest + i, 1);
                    }
                  }
                  String difference =
                      Programs.compare(
                          backend,
                          program,
                          graph,
                          Map.of("ids", ids, "mask", mask),
                          Map.of(),
                          Placement.HEAP,
                          TOLERANCE);
                  if (difference != null) {
                    return Arrays.toString(lengths) + ": " + difference;
                  }
                }
                return null;
              });
        });
  }

  /** A long chain, so that memory is used again and again; its links are outputs too. */
  private static Case chain() {
    return onRows(
        DType.F32,
        "a chain whose links are outputs",
        (g, x) -> {
          Value at = x;
          for (int i = 0; i < 12; i++) {
            Value turned = g.transpose(at, 1, 0);
            at = g.add(g.unary(Unary.Kind.SIN, turned), g.scalar(DType.F32, i));
            if (i % 5 == 2) {
              g.output("link " + i, at);
            }
          }
          g.output("end", at);
        });
  }

  /** Values used by several nodes, one of them twice by one; an unused node and a bare constant. */
  private static Case diamond() {
    return onRows(
        DType.F32,
        "values used more than once, or never",
        (g, x) -> {
          Value square = g.multiply(x, x);
          Value sum = g.add(square, x);
          g.unary(Unary.Kind.EXP, sum);
          g.output("y", g.add(g.multiply(sum, square), g.subtract(x, square)));
          g.output("x", x);
          g.output("x again", x);
          g.output("constant", g.scalar(DType.F32, 42));
        });
  }

  /**
   * Sums that lose digits: a result that went on in a wider type would show. In float32 too they
   * are rounded to what float64 gives, for it has more than twice the digits.
   */
  private static Case rounded(DType dtype) {
    return onRows(
        dtype,
        "each result rounded to its type",
        (g, x) -> {
          Value large = g.scalar(dtype, 1 / Tolerance.unit(dtype));
          Value sum = g.add(x, large);
          Value rest = g.subtract(sum, large);
          Value lost = g.subtract(x, rest);
          g.output("rest", rest);
          g.output("lost", lost);
          g.output("sum", sum);
          g.output("y", g.multiply(g.unary(Unary.Kind.NEG, lost), sum));
          g.output("large", large);
        });
  }

  private interface Body {
    void build(GraphBuilder g, Value x);
  }

  private static Case onRows(DType dtype, String what, Body body) {
    return new Case(
        Conformance.WHOLE_GRAPHS,
        dtype,
        what,
        (backend, data) -> {
          var g = new GraphBuilder(what);
          body.build(g, g.input("x", TensorType.of(dtype, "a", "b")));
          Graph graph = g.build();
          return Programs.check(
              backend,
              graph,
              program -> {
                for (long[] shape : new long[][] {{7, 33}, {1, 1}, {0, 5}, {65, 129}, {7, 33}}) {
                  HostTensor x = data.normal(dtype, shape);
                  String difference =
                      Programs.compare(
                          backend,
                          program,
                          graph,
                          Map.of("x", x),
                          Map.of(),
                          Placement.UNALIGNED,
                          dtype == DType.F32 ? Tolerance.sum(dtype, 1) : Tolerance.EXACT);
                  if (difference != null) {
                    return Arrays.toString(shape) + ": " + difference;
                  }
                }
                return null;
              });
        });
  }
}
