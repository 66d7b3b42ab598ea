package dev.heddle.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.cli.BackendSelection;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.weights.MavenCoordinates;
import dev.heddle.weights.MavenModels;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle bench}: how fast is it here, and beside others? */
@Command(
    name = "bench",
    description = "Measure speed on this machine, beside other runtimes if asked.",
    synopsisSubcommandLabel = "[model]",
    subcommands = BenchVerb.ModelCommand.class)
public final class BenchVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private ModelBenchmarkOptions options = new ModelBenchmarkOptions();

  /** For the service loader. */
  public BenchVerb() {}

  @Override
  public Integer call() throws JsonProcessingException {
    return run(options, spec);
  }

  /** {@code heddle bench model}: the same as {@code heddle bench --model}. */
  @Command(
      name = "model",
      description = "Texts a second of an embedding model.",
      mixinStandardHelpOptions = true)
  static final class ModelCommand implements Verb {
    @Spec private CommandSpec spec;
    @Mixin private ModelBenchmarkOptions options = new ModelBenchmarkOptions();

    @Override
    public Integer call() throws JsonProcessingException {
      return run(options, spec);
    }
  }

  private static int run(ModelBenchmarkOptions options, CommandSpec spec)
      throws JsonProcessingException {
    PrintWriter err = spec.commandLine().getErr();
    List<String> systems = systems(options, spec);
    // What is wrong is refused here, in words, before any process starts.
    Settings settings = options.settings();
    List<Workload> workloads = options.workloads(spec);
    List<Row> rows = new ArrayList<>();
    try (ModelBenchmark benchmark =
        new ModelBenchmark(systems, options.folder(), settings, options.seconds, err::println)) {
      for (Workload workload : workloads) {
        rows.addAll(benchmark.run(workload, false));
        if (options.busyNeighbour) {
          rows.addAll(benchmark.run(workload, true));
        }
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    if (options.json) {
      out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(rows));
    } else {
      new RowTable(rows).print(out);
    }
    return ExitCode.OK;
  }

  /** Heddle first, then the peers asked for: all that are installed, where none is named. */
  private static List<String> systems(ModelBenchmarkOptions options, CommandSpec spec) {
    List<String> systems = new ArrayList<>(List.of(HeddleProvider.NAME));
    if (options.peers == null) {
      return systems;
    }
    List<String> peers =
        ServiceLoader.load(EmbeddingSystemProvider.class).stream()
            .map(provider -> provider.get().name())
            .filter(name -> !name.equals(HeddleProvider.NAME))
            .toList();
    if (options.peers.equals(ModelBenchmarkOptions.ALL_PEERS)) {
      systems.addAll(peers);
    } else {
      for (String peer : options.peers.split(",")) {
        if (!peers.contains(peer)) {
          throw new ParameterException(
              spec.commandLine(), "no peer is called \"" + peer + "\"; there are " + peers);
        }
        systems.add(peer);
      }
    }
    return systems;
  }

  /** The options of {@code bench model}. */
  static final class ModelBenchmarkOptions {
    static final String ALL_PEERS = "all";

    /** Tokens of the longest text of {@code --mixed}. */
    private static final int MIXED_LONGEST = 256;

    @Option(
        names = "--model",
        required = true,
        paramLabel = "MODEL",
        description = "A folder, maven:GROUP:ARTIFACT:VERSION or a shipped name.")
    String model;

    @Option(
        names = "-b",
        split = ",",
        defaultValue = "1,8,32",
        paramLabel = "N",
        description = "Texts in a call (default: ${DEFAULT-VALUE}).")
    int[] batches;

    @Option(
        names = "-s",
        split = ",",
        defaultValue = "16,128,256",
        paramLabel = "N",
        description = "Tokens of a text (default: ${DEFAULT-VALUE}).")
    int[] lengths;

    @Option(names = "--mixed", description = "Also 256 texts of 4 to 256 tokens in one call.")
    boolean mixed;

    @Option(
        names = "--busy-neighbour",
        description = "Each workload once more while another process keeps a core busy.")
    boolean busyNeighbour;

    @Mixin BackendSelection backend = new BackendSelection();

    @Option(
        names = "--seconds",
        defaultValue = "4",
        paramLabel = "S",
        description = {
          "Measuring time of each workload and system (default: ${DEFAULT-VALUE}).",
          "Before it each system is warmed up until its times stay, the same rule for all: eight"
              + " to twenty seconds, less where S is below 4."
        })
    double seconds;

    @Option(
        names = "--peers",
        arity = "0..1",
        fallbackValue = ALL_PEERS,
        paramLabel = "NAME,…",
        description = "Compare with other runtimes: those named, or all that fit.")
    String peers;

    @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
    boolean json;

    /** The same number of threads for every system: the CPU backend's own where none is given. */
    Settings settings() {
      BackendOptions chosen = backend.float32Options();
      try (Backend opened = new Backends().open(backend.choice(), chosen).value()) {
        String own = opened.device().details().get("threads");
        int threads =
            own == null ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(own);
        return new Settings(
            chosen.threads() == 0 ? threads : chosen.threads(), backend.choice(), chosen.device());
      }
    }

    private static void atLeastOne(CommandSpec spec, String option, int[] numbers) {
      for (int number : numbers) {
        if (number < 1) {
          throw new ParameterException(
              spec.commandLine(), option + " " + number + ": expected 1 or more");
        }
      }
    }

    /** What every system is given: a jar is fetched and unpacked once, here. */
    Path folder() {
      return model.startsWith(MavenCoordinates.PREFIX)
          ? MavenModels.standard()
              .folder(MavenCoordinates.parse(model), (doing, bytes, total) -> {})
          : Path.of(model);
    }

    List<Workload> workloads(CommandSpec spec) {
      atLeastOne(spec, "-b", batches);
      atLeastOne(spec, "-s", lengths);
      if (!(seconds > 0)) {
        throw new ParameterException(
            spec.commandLine(), "--seconds " + seconds + ": expected more than 0");
      }
      try (Model opened = Models.open(model)) {
        int limit = opened.network().contextLength();
        int longest = Math.max(mixed ? MIXED_LONGEST : 0, IntStream.of(lengths).max().orElse(0));
        if (limit > 0 && longest > limit) {
          throw new ParameterException(
              spec.commandLine(),
              "texts of %d tokens: %s takes up to %d; give other lengths by -s"
                  .formatted(longest, opened.name(), limit));
        }
        Workload.Source source = new Workload.Source(opened.tokenizer());
        List<Workload> workloads = new ArrayList<>();
        for (int batch : batches) {
          for (int length : lengths) {
            workloads.add(source.fixed(batch, length));
          }
        }
        if (mixed) {
          workloads.add(source.mixed(256, 4, MIXED_LONGEST));
        }
        return workloads;
      }
    }
  }
}
