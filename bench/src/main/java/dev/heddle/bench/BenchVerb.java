package dev.heddle.bench;

import dev.heddle.bench.report.TextReport;
import dev.heddle.bench.result.Line;
import dev.heddle.bench.result.Results;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle bench}: how fast is it here, and beside others? */
@Command(
    name = "bench",
    description = "Measure speed on this machine, beside other runtimes if asked.",
    synopsisSubcommandLabel = "[compare|diff|model|ops|report]",
    subcommands = {
      BenchVerb.ModelCommand.class,
      OpsCommand.class,
      CompareCommand.class,
      DiffCommand.class,
      ReportCommand.class
    },
    footerHeading = "%n",
    footer = {
      "A model that continues texts is timed at that: tokens a second of reading prompts",
      "and of writing, and the share of what memory is read at. Any other embeds texts.",
      "Each system runs in a process of its own, with the same file and threads; one that",
      "cannot run has a line that says why.",
      "",
      "Examples:",
      "  heddle bench --model model.gguf -p 512 -n 128 --peers",
      "  heddle bench --model model.gguf -b 1,4,16,64",
      "  heddle bench --model DIR -b 1,32 -s 128 --peers=onnxruntime"
    })
public final class BenchVerb implements Verb {
  /** Of texts that are continued it is turns that are asked for, however long they take. */
  private static final double ALL_ROUNDS = Double.POSITIVE_INFINITY;

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions options = new BenchOptions();

  /** For the service loader. */
  public BenchVerb() {}

  @Override
  public Integer call() {
    return run(options, spec);
  }

  /** {@code heddle bench model}: the same as {@code heddle bench --model}. */
  @Command(
      name = "model",
      description = "The same as heddle bench: texts or tokens a second of a model.",
      mixinStandardHelpOptions = true)
  static final class ModelCommand implements Verb {
    @Spec private CommandSpec spec;
    @Mixin private BenchOptions options = new BenchOptions();

    @Override
    public Integer call() {
      return run(options, spec);
    }
  }

  private static int run(BenchOptions options, CommandSpec spec) {
    // What is wrong is refused here, in words, before any process starts.
    if (options.model == null) {
      // An option that picocli requires would be required by the other subcommands too.
      throw new ParameterException(spec.commandLine(), "--model: which one is to be measured?");
    }
    BenchedModel model = BenchedModel.open(options.model);
    Recorder recorder = new Recorder();
    if (model.continuesTexts()) {
      generate(model, options, spec, recorder);
    } else {
      embed(model, options, spec, recorder);
    }
    Results results = recorder.results();
    PrintWriter out = spec.commandLine().getOut();
    if (options.json) {
      out.print(results.json());
    } else {
      TextReport.print(results, out);
    }
    out.flush();
    return results.lines().stream().anyMatch(Line::wrong) ? ExitCode.FAILED : ExitCode.OK;
  }

  private static void embed(
      BenchedModel model, BenchOptions options, CommandSpec spec, Recorder recorder) {
    PrintWriter err = spec.commandLine().getErr();
    List<Workload> workloads = options.workloads(spec, model);
    List<Entrant> entrants = entrants(options, spec, EmbeddingSystemProvider.class);
    try (ModelBenchmark benchmark =
        new ModelBenchmark(entrants, model.files(), model.name(), err::println)) {
      for (Workload workload : workloads) {
        recorder.add(benchmark.run(workload, false, options.seconds));
        if (options.busyNeighbour) {
          recorder.add(benchmark.run(workload, true, options.seconds));
        }
      }
    }
  }

  private static void generate(
      BenchedModel model, BenchOptions options, CommandSpec spec, Recorder recorder) {
    PrintWriter err = spec.commandLine().getErr();
    options.checkTexts(spec, model);
    List<Entrant> entrants = entrants(options, spec, TextSystemProvider.class);
    TextBenchmark benchmark = new TextBenchmark(model, err::println);
    for (int batch : options.texts()) {
      TextSettings settings =
          new TextSettings(
              entrants.getFirst().settings(),
              options.backend.options().activations(),
              batch,
              options.promptTokens() + options.newTokens());
      int prompt = options.promptTokens();
      recorder.add(benchmark.run(entrants, settings, prompt, options.rounds, ALL_ROUNDS, false));
      if (options.busyNeighbour) {
        recorder.add(benchmark.run(entrants, settings, prompt, options.rounds, ALL_ROUNDS, true));
      }
    }
  }

  /** Heddle first, then the peers asked for. */
  private static <P extends SystemProvider> List<Entrant> entrants(
      BenchOptions options, CommandSpec spec, Class<P> kind) {
    Peers peers = new Peers(options.peers);
    peers.check(spec, List.of(kind));
    Settings settings = options.settings();
    List<Entrant> entrants = new ArrayList<>(List.of(Entrant.heddle(settings)));
    peers.of(kind).forEach(peer -> entrants.add(new Entrant(peer, settings)));
    return entrants;
  }
}
