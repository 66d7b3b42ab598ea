package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.ExpertMatMul;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.TensorType;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@link ExpertMatMul}: any choices, experts that nobody chose, a row alone and in a batch. */
final class ExpertMatMulCases {
  private static final int EXPERTS = 5;

  private ExpertMatMulCases() {}

  static Stream<Case> all() {
    Stream<Case> types =
        Stream.of(DType.F32, DType.F64, DType.F16, DType.BF16)
            .flatMap(type ->
                Stream.of(
                    make(type, type, 7, 2, 33, 19, true),
                    make(type, DType.F32, 3, 1, 40, 64, false)));
    Stream<Case> shapes =
        Stream.of(
            make(DType.F32, DType.F32, 0, 2, 8, 8, true),
            make(DType.F32, DType.F32, 1, 2, 900, 130, true),
            make(DType.F32, DType.F32, 1, 5, 1, 1, false),
            make(DType.F32, DType.F16, 70, 2, 64, 70, true),
            make(DType.F32, DType.BF16, 300, 3, 31, 33, true),
            make(DType.F32, DType.F16, 9, 2, 400, 20, false),
            make(DType.F32, DType.Q4_K, 9, 2, 512, 33, true),
            make(DType.F32, DType.Q8_0, 1, 2, 96, 40, true),
            invariance(),
            choicesOutOfRange());
    return Stream.concat(types, shapes);
  }

  private static Case make(
      DType dtype, DType weights, int tokens, int chosen, int k, int n, boolean constant) {
    String what =
        "[%d,%d]/%d of %d %s%s"
            .formatted(tokens, k, chosen, EXPERTS, weights, constant ? ", constant" : "");
    return new Case(
        "ExpertMatMul",
        weights.isQuantized() ? weights : dtype,
        what,
        (backend, data) -> {
          for (boolean own : new boolean[] {false, true}) {
            HostTensor x =
                own ? data.normal(dtype, tokens, chosen, k) : data.normal(dtype, tokens, k);
            // Expert 3 is nobody's; one is counted from the end.
            HostTensor choices = data.integers(DType.I64, 0, EXPERTS - 3, tokens, chosen);
            for (long i = 0; i < choices.shape().elements(); i += 7) {
              choices.setLong(i, -1);
            }
            Trial trial = new Trial(new ExpertMatMul(), data).input(x).input(choices);
            for (int e = 0; e < EXPERTS; e++) {
              HostTensor weight =
                  weights.isQuantized() ? data.any(weights, n, k) : data.normal(weights, n, k);
              trial = constant ? trial.constant(weight) : trial.input(weight);
            }
            Outcome outcome = trial.check(backend, Tolerance.sum(dtype, k));
            if (!(outcome instanceof Outcome.Passed)) {
              return outcome;
            }
          }
          return new Outcome.Passed();
        });
  }

  private static Graph graph(Data data, int k, int n) {
    GraphBuilder g = new GraphBuilder("experts");
    Value[] operands = new Value[ExpertMatMul.WEIGHTS + EXPERTS];
    operands[ExpertMatMul.X] = g.input("x", TensorType.of(DType.F32, "tokens", k));
    operands[ExpertMatMul.EXPERTS] = g.input("choices", TensorType.of(DType.I32, "tokens", 2));
    for (int e = 0; e < EXPERTS; e++) {
      operands[ExpertMatMul.WEIGHTS + e] = g.constant("w" + e, data.normal(DType.F32, n, k));
    }
    return g.output("y", g.add("op", new ExpertMatMul(), operands)).build();
  }

  private static Case invariance() {
    int tokens = 131;
    int k = 700;
    return new Case(
        "ExpertMatMul",
        DType.F32,
        "invariance/rows of " + k,
        (backend, data) ->
            Programs.check(
                backend,
                graph(data, k, 40),
                program -> {
                  HostTensor x = data.normal(DType.F32, tokens, k);
                  HostTensor choices = data.integers(DType.I32, 0, EXPERTS - 1, tokens, 2);
                  Map<String, HostTensor> whole = Map.of("x", x, "choices", choices);
                  HostTensor all = Programs.run(backend, program, whole).get("y");
                  for (int[] part : new int[][] {{0, 1}, {1, 1}, {63, 3}, {64, 17}, {130, 1}}) {
                    Map<String, HostTensor> some =
                        Map.of("x", slice(x, part), "choices", slice(choices, part));
                    HostTensor y = Programs.run(backend, program, some).get("y");
                    String what = "%d tokens from %d, alone".formatted(part[1], part[0]);
                    String difference = Comparison.bits(what, y, slice(all, part));
                    if (difference != null) {
                      return difference;
                    }
                  }
                  return null;
                }));
  }

  private static HostTensor slice(HostTensor x, int[] part) {
    long[] extents = x.shape().toArray();
    long bytes = x.bytes() / extents[0];
    extents[0] = part[1];
    return HostTensor.wrap(
        x.dtype(), Shape.of(extents), x.memory().asSlice(part[0] * bytes, part[1] * bytes));
  }

  private static Case choicesOutOfRange() {
    return new Case(
        "ExpertMatMul",
        DType.F32,
        "errors/a choice that is no expert",
        (backend, data) ->
            Programs.check(
                backend,
                graph(data, 8, 8),
                program -> {
                  for (int wrong : List.of(EXPERTS, -EXPERTS - 1, 1 << 30)) {
                    String said = refusal(backend, program, data, wrong);
                    if (!said.contains("index " + wrong) || !said.contains("extent " + EXPERTS)) {
                      return "choice %d: %s".formatted(wrong, said);
                    }
                  }
                  return null;
                }));
  }

  private static String refusal(Backend backend, Program program, Data data, int wrong) {
    HostTensor choices = HostTensor.of(new int[] {0, 1, 2, wrong}, 2, 2);
    Map<String, HostTensor> inputs = Map.of("x", data.normal(DType.F32, 2, 8), "choices", choices);
    try {
      Programs.run(backend, program, inputs);
      return "it was taken";
    } catch (InvalidInputException e) {
      return e.getMessage();
    }
  }
}
