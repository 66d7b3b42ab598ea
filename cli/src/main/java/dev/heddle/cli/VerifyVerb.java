package dev.heddle.cli;

import dev.heddle.fixture.Fixtures;
import dev.heddle.fixture.Target;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle verify}: what others computed, computed again. */
@Command(
    name = "verify",
    description = "Compute what other implementations computed, and compare.",
    footerHeading = "%n",
    footer = {
      "Known folders directly in DIR are run: hf, gguf, malformed, tokenizers, models",
      "and others; unknown ones are named and skipped. Each case has its line: passed,",
      "failed with the first wrong value, or unsupported with the reason. The report",
      "is a JSON object a line; its fields are listed in docs/json.md. The exit code",
      "is 1 if any case failed. Either folder may be given alone.",
      "",
      "Examples:",
      "  heddle verify --fixtures fixtures --data data",
      "  heddle verify --fixtures fixtures --backend reference --report report.jsonl"
    })
public final class VerifyVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private BackendSelection selection;

  @Option(
      names = "--fixtures",
      paramLabel = "DIR",
      description = "Folder of reference data that were made for Heddle.")
  private Path fixtures;

  @Option(names = "--data", paramLabel = "DIR", description = "Folder of data of others.")
  private Path data;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Write a line of JSON for each case.")
  private Path report;

  /** For the service loader. */
  public VerifyVerb() {}

  @Override
  public Integer call() throws IOException {
    List<Path> roots = Stream.of(fixtures, data).filter(Objects::nonNull).toList();
    check(roots);
    // Opened once for the reason it gives; and a backend that is not there fails no case.
    selection.load(backend -> backend).close();
    PrintWriter out = spec.commandLine().getOut();
    try (CaseReport cases = new CaseReport(report)) {
      Fixtures run =
          new Fixtures(
              new Target(selection.choice(), selection.float32Options()),
              result -> cases.add(result, out),
              out::println);
      for (Path root : roots) {
        run.run(root);
      }
      if (cases.isEmpty()) {
        spec.commandLine().getErr().println("heddle: no case was found in " + roots);
      }
      return cases.conclude(out);
    }
  }

  private void check(List<Path> roots) {
    if (roots.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "nothing to verify; give --fixtures DIR, --data DIR or both");
    }
    for (Path root : roots) {
      if (!Files.isDirectory(root)) {
        String option = root.equals(fixtures) ? "--fixtures " : "--data ";
        throw new BadInputException(option + root + ": there is no such folder");
      }
    }
  }
}
