package dev.heddle.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle bench}: how fast is it here, and beside others? */
@Command(
    name = "bench",
    description = "Measure speed on this machine, beside other runtimes if asked.",
    synopsisSubcommandLabel = "[model]",
    subcommands = BenchVerb.ModelCommand.class,
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
  @Spec private CommandSpec spec;
  @Mixin private BenchOptions options = new BenchOptions();

  /** For the service loader. */
  public BenchVerb() {}

  @Override
  public Integer call() throws JsonProcessingException {
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
    public Integer call() throws JsonProcessingException {
      return run(options, spec);
    }
  }

  private static int run(BenchOptions options, CommandSpec spec) throws JsonProcessingException {
    // What is wrong is refused here, in words, before any process starts.
    return options.continuesTexts() ? generation(options, spec) : embedding(options, spec);
  }

  private static int embedding(BenchOptions options, CommandSpec spec)
      throws JsonProcessingException {
    PrintWriter err = spec.commandLine().getErr();
    List<String> systems =
        systems(options, spec, EmbeddingSystemProvider.class, EmbeddingSystemProvider::name);
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
    return print(rows, options, spec, out -> new RowTable(rows).print(out));
  }

  private static int generation(BenchOptions options, CommandSpec spec)
      throws JsonProcessingException {
    PrintWriter err = spec.commandLine().getErr();
    List<String> systems =
        systems(options, spec, TextSystemProvider.class, TextSystemProvider::name);
    TextBenchmark benchmark = options.generation(spec, systems, err::println);
    Settings machine = options.settings();
    List<TextRow> rows = new ArrayList<>();
    for (int batch : options.texts()) {
      TextSettings settings =
          new TextSettings(
              machine,
              options.backend.options().activations(),
              batch,
              options.promptTokens() + options.newTokens());
      rows.addAll(benchmark.run(settings, options.promptTokens(), false));
      if (options.busyNeighbour) {
        rows.addAll(benchmark.run(settings, options.promptTokens(), true));
      }
    }
    return print(rows, options, spec, out -> new TextTable(rows).print(out));
  }

  private static int print(
      List<?> rows, BenchOptions options, CommandSpec spec, Consumer<PrintWriter> table)
      throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    if (options.json) {
      out.println(new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(rows));
    } else {
      table.accept(out);
    }
    return ExitCode.OK;
  }

  /** Heddle first, then the peers asked for: all that are installed, where none is named. */
  private static <P> List<String> systems(
      BenchOptions options, CommandSpec spec, Class<P> kind, Function<P, String> named) {
    List<String> systems = new ArrayList<>(List.of(HeddleProvider.NAME));
    if (options.peers == null) {
      return systems;
    }
    List<String> peers =
        ServiceLoader.load(kind).stream()
            .map(provider -> named.apply(provider.get()))
            .filter(name -> !name.equals(HeddleProvider.NAME))
            .toList();
    if (options.peers.equals(BenchOptions.ALL_PEERS)) {
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
}
