package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The kit: every case, and a way to run them all on one backend. */
public final class Conformance {
  /**
   * The {@link Case#op} of cases of whole graphs. Some count the backend's memory: whoever runs
   * cases on several threads runs these alone.
   */
  public static final String WHOLE_GRAPHS = "Graph";

  /** The suites in the order of the report; each makes its cases as they are asked for. */
  private static final List<Supplier<Stream<Case>>> SUITES =
      List.of(
          MatMulCases::all,
          QuantizedCases::all,
          ExpertMatMulCases::all,
          AttentionCases::all,
          RaggedAttentionCases::all,
          SoftmaxCases::all,
          NormCases::all,
          DynamicQuantizeCases::all,
          RotaryEmbeddingCases::all,
          SegmentPoolCases::all,
          UnaryCases::all,
          GeluCases::all,
          BinaryCases::all,
          CompareCases::all,
          WhereCases::all,
          CastCases::all,
          ReduceCases::all,
          ArgReduceCases::all,
          TopKCases::all,
          SampleCases::all,
          CumSumCases::all,
          CacheWriteCases::all,
          GatherCases::all,
          MoveCases::all,
          MakeCases::all,
          SymbolicCases::all,
          EncoderCases::all,
          ComputeTypeCases::all,
          InvarianceCases::all,
          ThreadCases::all,
          ErrorCases::all,
          LifecycleCases::all);

  private Conformance() {}

  /** All cases, one after another, without their data. */
  public static Stream<Case> cases() {
    return SUITES.stream().flatMap(Supplier::get);
  }

  /** Runs all cases on {@code backend}, which stays open. */
  public static Report run(Backend backend) {
    return run(backend, result -> {});
  }

  /** The same, handing each result to {@code progress} as it comes. */
  public static Report run(Backend backend, Consumer<Result> progress) {
    List<Result> results = new ArrayList<>();
    cases()
        .forEachOrdered(each -> {
          Result result = each.run(backend);
          results.add(result);
          progress.accept(result);
        });
    return new Report(results);
  }
}
