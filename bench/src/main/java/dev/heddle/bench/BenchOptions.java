package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.cli.BackendSelection;
import dev.heddle.hub.Hub;
import dev.heddle.hub.HubReference;
import dev.heddle.model.Decoder;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.weights.MavenCoordinates;
import dev.heddle.weights.MavenModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What {@code heddle bench} is asked for. */
final class BenchOptions {
  static final String ALL_PEERS = "all";

  /** Tokens of the longest text of {@code --mixed}. */
  private static final int MIXED_LONGEST = 256;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "A folder or file, maven:GROUP:ARTIFACT:VERSION, OWNER/NAME or a shipped name.")
  String model;

  @Option(
      names = "-b",
      split = ",",
      paramLabel = "N",
      description = "Texts at a time (default: 1,8,32 to embed, 1 to continue).")
  int[] batches;

  @Option(
      names = "-p",
      paramLabel = "N",
      description = "Tokens of a prompt that is continued (default: 512).")
  Integer promptTokens;

  @Option(
      names = "-n",
      paramLabel = "N",
      description = "Tokens that a prompt is continued with (default: 128).")
  Integer newTokens;

  @Option(
      names = "--rounds",
      defaultValue = "3",
      paramLabel = "N",
      description = "Of continuing: turns of each system; medians are told (default: 3).")
  int rounds;

  @Option(
      names = "-s",
      split = ",",
      defaultValue = "16,128,256",
      paramLabel = "N",
      description = "Tokens of a text that is embedded (default: ${DEFAULT-VALUE}).")
  int[] lengths;

  @Option(names = "--mixed", description = "Also embed 256 texts of 4 to 256 tokens at once.")
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
        "Of embedding: measuring time of each workload and system (default: ${DEFAULT-VALUE}).",
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

  private static void atLeastOne(CommandSpec spec, String option, int... numbers) {
    for (int number : numbers) {
      if (number < 1) {
        throw new ParameterException(
            spec.commandLine(), option + " " + number + ": expected 1 or more");
      }
    }
  }

  /** What every system is given: a jar is fetched and unpacked once, here. */
  Path folder() {
    if (model.startsWith(MavenCoordinates.PREFIX)) {
      return MavenModels.standard()
          .folder(MavenCoordinates.parse(model), (doing, bytes, total) -> {});
    }
    Path path = Path.of(model);
    if (Files.exists(path) || Models.names().contains(model)) {
      return path;
    }
    return HubReference.find(model)
        .flatMap(pulled -> Hub.standard().find(pulled, Hub.MAIN))
        .orElse(path);
  }

  /** Whether the model is one that continues texts. */
  boolean continuesTexts() {
    try (Model opened = Models.open(model)) {
      return opened.network() instanceof Model.Checkpoint checkpoint
          && checkpoint.architecture() instanceof Decoder decoder
          && !(decoder instanceof EncoderDecoder);
    }
  }

  int promptTokens() {
    return promptTokens == null ? 512 : promptTokens;
  }

  int newTokens() {
    return newTokens == null ? 128 : newTokens;
  }

  /** Texts that are continued at a time. */
  int[] texts() {
    return batches == null ? new int[] {1} : batches;
  }

  /**
   * The benchmark of a model that continues texts.
   *
   * @throws ParameterException if the texts are none that it takes
   */
  TextBenchmark generation(CommandSpec spec, List<String> systems, Consumer<String> progress) {
    atLeastOne(spec, "-b", texts());
    atLeastOne(spec, "-p", promptTokens());
    atLeastOne(spec, "-n", newTokens());
    atLeastOne(spec, "--rounds", rounds);
    try (Model opened = Models.open(model)) {
      int limit = opened.network().contextLength();
      if (promptTokens() + newTokens() > limit) {
        throw new ParameterException(
            spec.commandLine(),
            "%d tokens and %d more: %s takes up to %d in all; give others by -p and -n"
                .formatted(promptTokens(), newTokens(), opened.name(), limit));
      }
      return new TextBenchmark(
          systems,
          folder(),
          new Workload.Source(opened.tokenizer()),
          opened.network().bytes(),
          rounds,
          progress);
    }
  }

  List<Workload> workloads(CommandSpec spec) {
    if (promptTokens != null || newTokens != null) {
      throw new ParameterException(
          spec.commandLine(), "-p and -n: %s does not continue texts".formatted(model));
    }
    int[] batches = this.batches == null ? new int[] {1, 8, 32} : this.batches;
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
