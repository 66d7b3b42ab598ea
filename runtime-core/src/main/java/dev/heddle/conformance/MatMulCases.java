package dev.heddle.conformance;

import static dev.heddle.op.Unary.Kind.GELU;
import static dev.heddle.op.Unary.Kind.IDENTITY;
import static dev.heddle.op.Unary.Kind.RELU;

import dev.heddle.op.MatMul;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** {@link MatMul}: sizes around the tiles' edges, transposes, batches, epilogues, types. */
final class MatMulCases {
  private static final int[] SIZES = {1, 3, 17, 64, 129};
  private static final List<DType> FLOATS = List.of(DType.F32, DType.F64, DType.F16, DType.BF16);

  private MatMulCases() {}

  static Stream<Case> all() {
    return Stream.of(
            sizes(),
            transposes(),
            batches(),
            vectors(),
            empties(),
            epilogues(),
            biases(),
            mixedTypes(),
            large(),
            notNumbers())
        .flatMap(cases -> cases);
  }

  private static Case make(DType dtype, String what, Case.Check check) {
    return new Case("MatMul", dtype, what, check);
  }

  private static Stream<Case> sizes() {
    return FLOATS.stream()
        .flatMap(dtype ->
            Arrays.stream(SIZES)
                .boxed()
                .flatMap(m ->
                    Arrays.stream(SIZES)
                        .boxed()
                        .flatMap(k ->
                            Arrays.stream(SIZES)
                                // All of them in f32, a diagonal of them else.
                                .filter(n -> dtype == DType.F32 || (m + k + n) % 3 == 1)
                                .mapToObj(n -> linear(dtype, m, k, n)))));
  }

  /** As linear layers have it: weights known beforehand, transposed. */
  private static Case linear(DType dtype, int m, int k, int n) {
    return make(
        dtype,
        "m=%d,k=%d,n=%d/linear".formatted(m, k, n),
        (backend, data) ->
            new Trial(MatMul.LINEAR, data)
                .input(data.normal(dtype, m, k))
                .constant(data.normal(dtype, n, k))
                .check(backend, Tolerance.sum(dtype, k)));
  }

  private static Stream<Case> transposes() {
    return Stream.of(DType.F32, DType.F64, DType.BF16)
        .flatMap(dtype ->
            Stream.of("NN", "NT", "TN", "TT")
                .flatMap(way ->
                    Stream.of("inputs", "constant")
                        .flatMap(b ->
                            Stream.of(new int[] {7, 129, 33}, new int[] {65, 31, 19})
                                .map(size -> transposed(dtype, way, b, size)))));
  }

  private static Case transposed(DType dtype, String way, String kind, int[] size) {
    boolean ta = way.charAt(0) == 'T';
    boolean tb = way.charAt(1) == 'T';
    int m = size[0];
    int k = size[1];
    int n = size[2];
    return make(
        dtype,
        "m=%d,k=%d,n=%d/%s/%s".formatted(m, k, n, way, kind),
        (backend, data) -> {
          Trial trial = new Trial(new MatMul(ta, tb, 1, IDENTITY), data);
          trial.input(ta ? data.normal(dtype, k, m) : data.normal(dtype, m, k));
          HostTensor b = tb ? data.normal(dtype, n, k) : data.normal(dtype, k, n);
          return (kind.equals("constant") ? trial.constant(b) : trial.input(b))
              .check(backend, Tolerance.sum(dtype, k));
        });
  }

  private record Batch(long[] a, long[] b, boolean transposeA, boolean transposeB) {}

  private static Stream<Case> batches() {
    return Stream.of(
            new Batch(new long[] {5, 7, 11}, new long[] {5, 11, 13}, false, false),
            new Batch(new long[] {2, 3, 17, 33}, new long[] {2, 3, 33, 19}, false, false),
            new Batch(new long[] {2, 1, 17, 33}, new long[] {3, 33, 19}, false, false),
            new Batch(new long[] {3, 17, 33}, new long[] {33, 19}, false, false),
            new Batch(new long[] {17, 33}, new long[] {2, 3, 33, 19}, false, false),
            new Batch(new long[] {1, 4, 5, 64}, new long[] {6, 1, 64, 3}, false, false),
            new Batch(new long[] {2, 3, 17, 64}, new long[] {2, 3, 29, 64}, false, true),
            new Batch(new long[] {2, 3, 33, 17}, new long[] {2, 3, 33, 19}, true, false),
            new Batch(new long[] {3, 33, 17}, new long[] {1, 19, 33}, true, true),
            new Batch(new long[] {4, 1, 129}, new long[] {4, 129, 1}, false, false),
            new Batch(new long[] {0, 3, 4}, new long[] {0, 4, 5}, false, false))
        .flatMap(batch ->
            Stream.of(DType.F32, DType.F16, DType.BF16).map(dtype -> batched(dtype, batch)));
  }

  private static Case batched(DType dtype, Batch batch) {
    MatMul op = new MatMul(batch.transposeA, batch.transposeB, 1, IDENTITY);
    String way = (batch.transposeA ? "T" : "N") + (batch.transposeB ? "T" : "N");
    return make(
        dtype,
        "batch %s@%s/%s".formatted(text(batch.a), text(batch.b), way),
        (backend, data) ->
            new Trial(op, data)
                .input(data.normal(dtype, batch.a))
                .input(data.normal(dtype, batch.b))
                .check(backend, Tolerance.sum(dtype, 129)));
  }

  private static String text(long[] shape) {
    return Arrays.toString(shape).replace(" ", "");
  }

  private static Stream<Case> vectors() {
    return Stream.of(
            new Batch(new long[] {33}, new long[] {33}, false, false),
            new Batch(new long[] {33}, new long[] {33, 19}, false, false),
            new Batch(new long[] {17, 33}, new long[] {33}, false, false),
            new Batch(new long[] {33}, new long[] {2, 33, 19}, false, false),
            new Batch(new long[] {2, 3, 17, 33}, new long[] {33}, false, false))
        .map(batch -> batched(DType.F32, batch));
  }

  private static Stream<Case> empties() {
    return Stream.of(new int[] {0, 5, 7}, new int[] {5, 7, 0}, new int[] {3, 0, 4})
        .map(size ->
            make(
                DType.F32,
                "m=%d,k=%d,n=%d/empty".formatted(size[0], size[1], size[2]),
                (backend, data) ->
                    // Without anything to sum up, the bias and the residual remain.
                    new Trial(MatMul.PLAIN.with(RELU), data)
                        .input(data.normal(DType.F32, size[0], size[1]))
                        .input(data.normal(DType.F32, size[1], size[2]))
                        .input(data.normal(DType.F32, size[2]))
                        .input(data.normal(DType.F32, size[0], size[2]))
                        .check(backend, Tolerance.sum(DType.F32, 1))));
  }

  private static Stream<Case> epilogues() {
    Stream<Case> activations =
        Arrays.stream(Unary.Kind.values())
            .filter(MatMulCases::isActivation)
            .flatMap(kind ->
                FLOATS.stream().map(dtype -> epilogue(dtype, 7, 33, 65, 1, true, kind, false)));
    Stream<Case> combinations =
        Stream.of(
            epilogue(DType.F32, 1, 129, 64, 1, true, IDENTITY, false),
            epilogue(DType.F32, 3, 17, 129, 1, false, GELU, false),
            epilogue(DType.F32, 17, 64, 33, 1, true, IDENTITY, true),
            epilogue(DType.F32, 64, 129, 17, 1, true, GELU, true),
            epilogue(DType.F32, 129, 64, 31, 1, false, IDENTITY, true),
            epilogue(DType.F32, 5, 64, 48, 0.125, false, IDENTITY, false),
            epilogue(DType.F32, 13, 31, 65, -2.5, true, RELU, true),
            epilogue(DType.F32, 6, 7, 8, 0, true, IDENTITY, false),
            epilogue(DType.BF16, 17, 64, 33, 0.5, true, GELU, true),
            epilogue(DType.F16, 17, 64, 33, 0.5, true, RELU, true),
            epilogue(DType.F64, 17, 64, 33, 0.5, true, GELU, true));
    return Stream.concat(activations, combinations);
  }

  /** Whether {@code kind} is defined, and bounded in its slope, wherever a product may lie. */
  private static boolean isActivation(Unary.Kind kind) {
    return switch (kind) {
      case NEG, ABS, SIN, COS, ERF, TANH, SIGMOID, RELU -> true;
      case GELU, GELU_TANH, QUICK_GELU, SILU, SOFTPLUS -> true;
      case IDENTITY, SIGN, RECIPROCAL, SQRT, RSQRT, EXP, LOG, FLOOR, CEIL, ROUND, NOT, IS_NAN ->
          false;
    };
  }

  private static Case epilogue(
      DType dtype, int m, int k, int n, double alpha, boolean bias, Unary.Kind kind, boolean res) {
    String what =
        (alpha == 1 ? "" : "alpha=" + alpha + "+")
            + (bias ? "bias+" : "")
            + kind.name().toLowerCase(Locale.ROOT)
            + (res ? "+residual" : "");
    return make(
        dtype,
        "m=%d,k=%d,n=%d/%s".formatted(m, k, n, what),
        (backend, data) -> {
          Trial trial =
              new Trial(new MatMul(false, true, alpha, kind), data)
                  .input(data.gaussian(dtype, 0, 1 / Math.sqrt(k), m, k))
                  .constant(data.normal(dtype, n, k));
          if (bias) {
            trial.constant(data.normal(dtype, n));
          } else if (res) {
            trial.absent();
          }
          if (res) {
            trial.input(data.normal(dtype, m, n));
          }
          return trial.check(backend, Tolerance.sum(dtype, 4));
        });
  }

  private static Stream<Case> biases() {
    return Stream.of(
            new long[] {},
            new long[] {1},
            new long[] {7, 1},
            new long[] {7, 33},
            new long[] {1, 33},
            new long[] {3, 1, 33},
            new long[] {2, 3, 7, 33})
        .map(shape ->
            make(
                DType.F32,
                "batch [2,3,7,17]@[17,33]/bias " + text(shape),
                (backend, data) ->
                    new Trial(MatMul.PLAIN, data)
                        .input(data.normal(DType.F32, 2, 3, 7, 17))
                        .input(data.normal(DType.F32, 17, 33))
                        .input(data.normal(DType.F32, shape))
                        .check(backend, Tolerance.sum(DType.F32, 17))));
  }

  private static Stream<Case> mixedTypes() {
    return Stream.concat(weightTypes(), operandTypes());
  }

  /**
   * Every float type of a with every other of b, which is one matrix or several, and given late.
   */
  private static Stream<Case> operandTypes() {
    return FLOATS.stream()
        .flatMap(a ->
            FLOATS.stream()
                .filter(b -> b != a)
                .flatMap(b -> Stream.of(mixed(a, b, false, 65, 33), mixed(a, b, true, 3, 65, 33))));
  }

  private static Case mixed(DType dtype, DType other, boolean constant, long... shape) {
    return make(
        dtype,
        "batch [3,17,65]@%s/b %s/%s".formatted(text(shape), other, constant ? "constant" : "input"),
        (backend, data) -> {
          HostTensor a = data.normal(dtype, 3, 17, 65);
          HostTensor b = data.normal(other, shape);
          Trial trial = new Trial(MatMul.PLAIN, data).input(a);
          return (constant ? trial.constant(b) : trial.input(b))
              .input(data.normal(other, 33))
              .check(backend, Tolerance.sum(dtype, 65));
        });
  }

  private static Stream<Case> weightTypes() {
    return Stream.of(DType.F16, DType.BF16)
        .flatMap(weight ->
            Stream.of(1, 5, 64)
                .map(m ->
                    make(
                        DType.F32,
                        "m=%d,k=65,n=130/weights %s".formatted(m, weight),
                        (backend, data) ->
                            new Trial(MatMul.LINEAR, data)
                                .input(data.normal(DType.F32, m, 65))
                                .constant(data.normal(weight, 130, 65))
                                .constant(data.normal(DType.F32, 130))
                                .check(backend, Tolerance.sum(DType.F32, 65)))));
  }

  private static Stream<Case> large() {
    return Stream.of(
            new int[] {509, 383, 1531}, new int[] {1031, 1536, 384}, new int[] {70, 4099, 67})
        .map(size ->
            make(
                DType.F32,
                "m=%d,k=%d,n=%d/large".formatted(size[0], size[1], size[2]),
                (backend, data) ->
                    new Trial(MatMul.LINEAR.with(GELU), data)
                        .rows(data.normal(DType.F32, size[0], size[1]))
                        .constant(data.normal(DType.F32, size[2], size[1]))
                        .constant(data.normal(DType.F32, size[2]))
                        .rows(data.normal(DType.F32, size[0], size[2]))
                        .check(backend, Tolerance.sum(DType.F32, size[1]))));
  }

  private static Stream<Case> notNumbers() {
    return Stream.of(
        make(
            DType.F32,
            "m=9,k=33,n=17/NaN and infinity stay in their rows",
            (backend, data) -> {
              HostTensor a = data.normal(DType.F32, 9, 33);
              a.setDouble(2 * 33 + 5, Double.NaN);
              a.setDouble(7 * 33 + 32, Double.POSITIVE_INFINITY);
              return new Trial(MatMul.LINEAR, data)
                  .input(a)
                  .constant(data.normal(DType.F32, 17, 33))
                  .check(backend, Tolerance.sum(DType.F32, 33));
            }),
        make(
            DType.F32,
            "m=9,k=33,n=17/a NaN weight stays in its column",
            (backend, data) -> {
              HostTensor b = data.normal(DType.F32, 17, 33);
              b.setDouble(16 * 33 + 32, Double.NaN);
              return new Trial(MatMul.LINEAR, data)
                  .input(data.normal(DType.F32, 9, 33))
                  .constant(b)
                  .check(backend, Tolerance.sum(DType.F32, 33));
            }));
  }
}
