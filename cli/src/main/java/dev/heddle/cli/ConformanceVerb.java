package dev.heddle.cli;

import dev.heddle.backend.Backend;
import dev.heddle.conformance.Conformance;
import dev.heddle.conformance.Outcome;
import dev.heddle.conformance.Result;
import dev.heddle.fixture.CaseResult;
import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import dev.heddle.tensor.DType;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code heddle conformance}: a backend against the reference, or against the ONNX standard. */
@Command(
    name = "conformance",
    description = "Run every operation on a backend and compare with the reference.",
    footerHeading = "%n",
    footer = {
      "The cases are one grid for all backends: operations, types, odd shapes, masks,",
      "whole graphs, errors, threads. What fails is shown with its first wrong element,",
      "what a backend does not support with its reason. The report is a JSON object a",
      "line; its fields are listed in docs/json.md. The exit code is 1 if any case failed.",
      "",
      "With --onnx the operator tests of the ONNX standard are run instead: folders with a",
      "model.onnx and test_data_set_0, directly in DIR, or DIR alone. Each is run as it is",
      "imported and after the passes, to the standard's tolerances, and has its line.",
      "",
      "Examples:",
      "  heddle conformance",
      "  heddle conformance --onnx onnx/backend/test/data/node --report report.jsonl",
      "  heddle conformance --backend cpu --threads 1 --report report.jsonl"
    })
public final class ConformanceVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--onnx",
      paramLabel = "DIR",
      description = "Folder of operator tests of the ONNX standard.")
  private Path onnx;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write a line of JSON for each case.")
  private Path report;

  private final Map<String, int[]> byOp = new LinkedHashMap<>();
  private final Map<String, Map<DType, Integer>> unsupported = new LinkedHashMap<>();
  private final List<Result> failures = new ArrayList<>();
  private int done;

  /** For the service loader. */
  public ConformanceVerb() {}

  @Override
  public Integer call() throws IOException {
    return onnx == null ? runKit() : runOnnx();
  }

  private int runOnnx() throws IOException {
    if (!Files.isDirectory(onnx)) {
      throw new BadInputException("--onnx " + onnx + ": there is no such folder");
    }
    // Opened once for the reason it gives; and a backend that is not there fails no case.
    selection.load(backend -> backend).close();
    PrintWriter out = spec.commandLine().getOut();
    try (CaseReport cases = new CaseReport(report)) {
      Target target = new Target(selection.choice(), selection.float32Options());
      new Fixtures(target, result -> cases.add(result, out), out::println).runOperators(onnx);
      if (cases.isEmpty()) {
        throw new BadInputException(
            "--onnx %s: there is no operator test; expected folders with a model.onnx"
                .formatted(onnx));
      }
      return cases.conclude(out);
    }
  }

  private int runKit() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (CaseReport cases = new CaseReport(report)) {
      try (Backend backend = selection.load(opened -> opened);
          Progress progress = Progress.of("conformance", Conformance.cases().count())) {
        Conformance.run(
            backend,
            result -> {
              add(result, cases);
              progress.to(++done);
            });
      }
      print(out);
      return cases.conclude(out);
    }
  }

  private void add(Result result, CaseReport cases) {
    int[] counts = byOp.computeIfAbsent(result.op(), op -> new int[3]);
    CaseResult.Status status =
        switch (result.outcome()) {
          case Outcome.Passed p -> CaseResult.Status.PASSED;
          case Outcome.Failed f -> {
            failures.add(result);
            yield CaseResult.Status.FAILED;
          }
          case Outcome.Unsupported(String reason) -> {
            unsupported
                .computeIfAbsent(CaseReport.oneLine(reason), r -> new TreeMap<>())
                .merge(result.dtype(), 1, Integer::sum);
            yield CaseResult.Status.UNSUPPORTED;
          }
        };
    counts[status.ordinal()]++;
    cases.add(new CaseResult(result.name(), result.op(), status, result.reason()));
  }

  private void print(PrintWriter out) {
    Table table = new Table().left("").right("passed").right("failed").right("unsupported");
    byOp.forEach((op, counts) -> table.row(op, counts[0], counts[1], counts[2]));
    table.print(out, "");
    if (!unsupported.isEmpty()) {
      out.printf("%nunsupported:%n");
      // Cases of each type, by reason.
      unsupported.forEach((reason, types) -> out.printf("  %s %s%n", reason, types));
    }
    if (!failures.isEmpty()) {
      out.printf("%nfailed:%n");
      failures.forEach(failure ->
          out.printf("  %s: %s%n", failure.name(), CaseReport.oneLine(failure.reason())));
    }
    out.println();
  }
}
