package dev.heddle.bench;

import dev.heddle.bench.ops.OperationSystemProvider;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.result.Line;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle bench ops}: how fast are single operations here? */
@Command(
    name = "ops",
    description = "Time single operations: products, softmax, layer norm, attention.",
    mixinStandardHelpOptions = true,
    footerHeading = "%n",
    footer = {
      "Each result is held against the reference interpreter's before it is timed; a wrong",
      "one has a line that says so, and the exit code is 1. The share is that of the ceiling",
      "measured in the same run: multiply-adds on all threads, a copy or a stream of memory.",
      "",
      "Examples:",
      "  heddle bench ops",
      "  heddle bench ops --backend cpu,opencl --filter softmax",
      "  heddle bench ops --filter 'matmul 1024x1024' --peers=onnxruntime,djl"
    })
final class OpsCommand implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private CompareOptions options = new CompareOptions(3);

  @Option(names = "--large", description = "Shapes that fill a GPU.")
  private boolean large;

  @Option(names = "--list", description = "Print the names of the operations, and time nothing.")
  private boolean list;

  @Override
  public Integer call() {
    options.check(spec, List.of(OperationSystemProvider.class));
    List<Subject> subjects = large ? Subjects.gpu() : Subjects.cpu();
    if (list) {
      PrintWriter out = spec.commandLine().getOut();
      subjects.stream().filter(options::wants).map(Subject::name).forEach(out::println);
      out.flush();
      return ExitCode.OK;
    }
    Comparing comparing = new Comparing(options);
    comparing.addOperations(subjects);
    if (comparing.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--filter %s: no operation is called so; --list tells their names"
              .formatted(String.join(",", options.filters)));
    }
    boolean wrong = comparing.print(spec).lines().stream().anyMatch(Line::wrong);
    return wrong ? ExitCode.FAILED : ExitCode.OK;
  }
}
