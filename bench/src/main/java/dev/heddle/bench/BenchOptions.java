package dev.heddle.bench;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.ComputeType;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.cli.BackendSelection;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What {@code heddle bench} is asked for. */
final class BenchOptions {
  /** Tokens of the longest text of {@code --mixed}. */
  private static final int MIXED_LONGEST = 256;

  @Option(
      names = "--model",
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
            + " to fourteen seconds, less where S is below 4."
      })
  double seconds;

  @Option(
      names = "--peers",
      arity = "0..1",
      fallbackValue = Peers.ALL,
      paramLabel = "NAME,…",
      description = "Compare with other runtimes: those named, or all that fit.")
  String peers;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  boolean json;

  /**
   * The same number of threads for every system: the CPU backend's own where none is given. Of
   * Heddle float32 where no type is given, as other systems compute.
   */
  Settings settings() {
    BackendOptions chosen = backend.options();
    ComputeType type = chosen.models().computeType();
    try (Backend opened = new Backends().open(backend.choice(), chosen).value()) {
      DeviceInfo device = opened.device();
      String own = device.details().get("threads");
      int threads =
          own == null ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(own);
      return new Settings(
          chosen.threads() == 0 ? threads : chosen.threads(),
          device.backend() + (device.index() == 0 ? "" : ":" + device.index()),
          null,
          (type == ComputeType.AUTO ? ComputeType.F32 : type).toString());
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
   * Looks at what a model is to continue.
   *
   * @throws ParameterException if the texts are none that it takes
   */
  void checkTexts(CommandSpec spec, BenchedModel model) {
    atLeastOne(spec, "-b", texts());
    atLeastOne(spec, "-p", promptTokens());
    atLeastOne(spec, "-n", newTokens());
    atLeastOne(spec, "--rounds", rounds);
    int tokens = promptTokens() + newTokens();
    if (tokens > model.atMost(tokens)) {
      throw new ParameterException(
          spec.commandLine(),
          "%d tokens and %d more: %s takes up to %d in all; give others by -p and -n"
              .formatted(promptTokens(), newTokens(), model.name(), model.contextLength()));
    }
  }

  /**
   * What a model is to embed.
   *
   * @throws ParameterException if the texts are none that it takes
   */
  List<Workload> workloads(CommandSpec spec, BenchedModel model) {
    if (promptTokens != null || newTokens != null) {
      throw new ParameterException(
          spec.commandLine(), "-p and -n: %s does not continue texts".formatted(model.name()));
    }
    int[] batches = this.batches == null ? new int[] {1, 8, 32} : this.batches;
    atLeastOne(spec, "-b", batches);
    atLeastOne(spec, "-s", lengths);
    if (!(seconds > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--seconds " + seconds + ": expected more than 0");
    }
    int longest = Math.max(mixed ? MIXED_LONGEST : 0, IntStream.of(lengths).max().orElse(0));
    if (longest > model.atMost(longest)) {
      throw new ParameterException(
          spec.commandLine(),
          "texts of %d tokens: %s takes up to %d; give other lengths by -s"
              .formatted(longest, model.name(), model.contextLength()));
    }
    List<Workload> workloads = new ArrayList<>();
    for (int batch : batches) {
      for (int length : lengths) {
        workloads.add(model.source().fixed(batch, length));
      }
    }
    if (mixed) {
      workloads.add(model.source().mixed(256, 4, MIXED_LONGEST));
    }
    return workloads;
  }
}
