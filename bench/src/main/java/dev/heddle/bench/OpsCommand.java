package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.bench.ops.OperationSystemProvider;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.ops.Subjects;
import dev.heddle.bench.report.TextReport;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
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

  @Option(
      names = "--backend",
      split = ",",
      paramLabel = "B",
      description =
          "Backends, or devices as heddle devices names them (default: the one in force).")
  private List<String> backends = List.of();

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "CPU threads that compute (default: one a core that the process may use).")
  private int threads;

  @Option(
      names = "--filter",
      split = ",",
      paramLabel = "TEXT",
      description = "Only operations with one of these texts in their names: --list tells them.")
  private List<String> filters = List.of();

  @Option(names = "--large", description = "Shapes that fill a GPU.")
  private boolean large;

  @Option(names = "--list", description = "Print the names of the operations, and time nothing.")
  private boolean list;

  @Option(
      names = "--seconds",
      defaultValue = "1",
      paramLabel = "S",
      description = "Measuring time of each operation and system (default: ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--peers",
      arity = "0..1",
      fallbackValue = Peers.ALL,
      paramLabel = "NAME,…",
      description = "Compare with other runtimes: those named, or all that are installed.")
  private String peers;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    List<Subject> subjects = subjects();
    if (list) {
      subjects.forEach(subject -> out.println(subject.name()));
      out.flush();
      return ExitCode.OK;
    }
    check();
    Results results = measure(subjects);
    if (json) {
      out.print(results.json());
    } else {
      TextReport.print(results, out);
    }
    out.flush();
    return results.lines().stream().anyMatch(Line::wrong) ? ExitCode.FAILED : ExitCode.OK;
  }

  private List<Subject> subjects() {
    List<Subject> subjects =
        (large ? Subjects.gpu() : Subjects.cpu())
            .stream()
                .filter(subject ->
                    filters.isEmpty() || filters.stream().anyMatch(subject.name()::contains))
                .toList();
    if (subjects.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "--filter %s: no operation is called so; --list tells their names"
              .formatted(String.join(",", filters)));
    }
    return subjects;
  }

  private void check() {
    new Peers(peers).check(spec, List.of(OperationSystemProvider.class));
    if (threads < 0) {
      throw new ParameterException(
          spec.commandLine(), "--threads " + threads + ": expected 0 (all) or more");
    }
    if (!(seconds > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds " + seconds + ": expected more than 0");
    }
  }

  private Results measure(List<Subject> subjects) {
    PrintWriter err = spec.commandLine().getErr();
    Recorder recorder = new Recorder();
    int all = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    List<Entrant> entrants = new ArrayList<>();
    List<String> chosen = backends.isEmpty() ? List.of(inForce()) : backends;
    chosen.forEach(backend -> entrants.add(Entrant.heddle(settings(all, backend))));
    new Peers(peers)
        .of(OperationSystemProvider.class)
        .forEach(peer -> entrants.add(new Entrant(peer, settings(all, null))));
    err.println("ceilings");
    Roofline roofline = Roofline.of(chosen, all);
    roofline.all().forEach(recorder::add);
    long begin = System.nanoTime();
    try (OperationBenchmark benchmark = new OperationBenchmark(entrants, roofline, err::println)) {
      for (int i = 0; i < subjects.size(); i++) {
        Subject subject = subjects.get(i);
        err.printf(
            Locale.ROOT,
            "%d of %d%s: %s%n",
            i + 1,
            subjects.size(),
            i == 0 ? "" : left((System.nanoTime() - begin) * 1e-9 / i * (subjects.size() - i)),
            subject.name());
        err.flush();
        recorder.add(benchmark.run(subject, seconds));
      }
    }
    return recorder.results();
  }

  private static String left(double seconds) {
    long whole = Math.round(seconds);
    return ", %d:%02d left".formatted(whole / 60, whole % 60);
  }

  private static Settings settings(int threads, String backend) {
    return new Settings(threads, backend, null, "f32");
  }

  /** The name of the backend that is taken where none is asked for. */
  private static String inForce() {
    try (Backend backend = new Backends().open(null, BackendOptions.DEFAULT).value()) {
      return backend.device().backend();
    }
  }
}
