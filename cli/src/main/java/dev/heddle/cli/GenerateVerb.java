package dev.heddle.cli;

import dev.heddle.generate.GeneratedSequence;
import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.generate.TokenListener;
import dev.heddle.model.Model;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle generate}: a prompt in, its continuation out. */
@Command(
    name = "generate",
    description = "Continue a text, or token ids.",
    footerHeading = "%n",
    footer = {
      "How tokens are chosen, how many, and what ends the text is what the model's",
      "generation_config.json states, unless said here. Text comes as it is made; what",
      "it took is told on standard error. --json prints everything at the end; its",
      "fields are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle generate --model shakespeare-llama --prompt \"ROMEO:\"",
      "  heddle generate --model DIR --prompt \"Once upon a time\" --temperature 0",
      "  heddle generate --model DIR --ids 1,15043 --beams 4 --json"
    })
public final class GenerateVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;
  @Mixin private CacheSelection cache;
  @Mixin private GenerationSelection generation;

  @Option(names = "--prompt", paramLabel = "TEXT", description = "The text to continue.")
  private String prompt;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "A UTF-8 file with the text to continue; - for standard input.")
  private String file;

  @Option(
      names = "--ids",
      paramLabel = "IDS",
      description = "The token ids to continue, special tokens included: 1,15043.")
  private String ids;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public GenerateVerb() {}

  @Override
  public Integer call() {
    checkPrompt();
    int[] given = ids == null ? null : TokenIds.parse(spec, "--ids", ids);
    String text = file == null ? prompt : TextFile.read("--prompt-file", file).text();
    try (Model opened = model.openModel()) {
      GenerationOptions options = generation.over(opened.generationOptions());
      int[] tokens = given == null ? opened.tokenizer().encode(text).ids() : given;
      try (Generator generator =
          Generator.builder(opened)
              .backend(selection.choice())
              .backendOptions(selection.options())
              .storage(cache.storage())
              .sizedFor(tokens.length, options)
              .build()) {
        BackendSelection.logReason(generator.backendReason());
        if (json) {
          Generation result = generator.generate(tokens, options);
          String backend = generator.device().backend();
          spec.commandLine().getOut().println(Json.pretty(json(result, options, backend)));
        } else {
          print(generator, tokens, options);
        }
      }
    }
    return ExitCode.OK;
  }

  private void checkPrompt() {
    long given = Stream.of(prompt, file, ids).filter(Objects::nonNull).count();
    if (given != 1) {
      throw new ParameterException(
          spec.commandLine(),
          given == 0
              ? "nothing to continue; give --prompt TEXT, --prompt-file FILE or --ids IDS"
              : "more than one of --prompt, --prompt-file and --ids was given; give one of them");
    }
  }

  private static Map<String, Object> json(
      Generation result, GenerationOptions options, String backend) {
    List<Object> sequences = new ArrayList<>();
    for (GeneratedSequence each : result.sequences()) {
      Double score = each.score().isPresent() ? each.score().getAsDouble() : null;
      sequences.add(
          Json.object(
              "ids", each.ids(),
              "text", each.text(),
              "score", score,
              "stopped", each.stopped().label()));
    }
    return Json.object(
        "sequences",
        sequences,
        "tokens_per_second",
        result.tokensPerSecond(),
        "prompt_tokens",
        result.promptTokens(),
        "prefill_seconds",
        result.prefill().toNanos() / 1e9,
        "seed",
        options.greedy() ? null : options.seed(),
        "backend",
        backend);
  }

  private void print(Generator generator, int[] tokens, GenerationOptions options) {
    PrintWriter out = spec.commandLine().getOut();
    boolean streams =
        generator.model().hasTokenizer()
            && options.numBeams() == 1
            && options.numReturnSequences() == 1;
    TokenListener shown =
        (sequence, id, text) -> {
          out.print(text);
          out.flush();
          return true;
        };
    Generation result = generator.generate(tokens, options, streams ? shown : null);
    if (streams) {
      out.println();
    } else {
      result.sequences().forEach(each -> print(each, result.sequences().size(), out));
    }
    spec.commandLine().getErr().println(summary(result, options));
  }

  private static void print(GeneratedSequence sequence, int count, PrintWriter out) {
    if (count > 1) {
      out.println(
          sequence.score().isPresent()
              ? "--- score %.4f".formatted(sequence.score().getAsDouble())
              : "---");
    }
    out.println(sequence.text() == null ? Arrays.toString(sequence.ids()) : sequence.text());
  }

  private static String summary(Generation result, GenerationOptions options) {
    int tokens = result.sequences().stream().mapToInt(each -> each.ids().length).sum();
    return "%,d tokens behind a prompt of %,d (read in %s), %,.0f tokens a second; ended by %s; %s"
        .formatted(
            tokens,
            result.promptTokens(),
            Amount.seconds(result.prefill().toNanos() / 1e9),
            result.tokensPerSecond(),
            result.first().stopped().label(),
            GenerationSelection.describe(options));
  }
}
