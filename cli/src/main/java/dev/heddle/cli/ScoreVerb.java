package dev.heddle.cli;

import dev.heddle.generate.Perplexity;
import dev.heddle.generate.Scorer;
import dev.heddle.model.Model;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code heddle score}: how well a model foresees a text. */
@Command(
    name = "score",
    description = "Measure how well a model foresees a text: its perplexity.",
    footerHeading = "%n",
    footer = {
      "The text is scored in windows. With the stride as long as the window they do not",
      "overlap: the first token of each is not scored, and a last one that is not full",
      "is left out. With a smaller stride every token but the first is scored once,",
      "with at least window - stride tokens before it, as in Hugging Face's guide.",
      "The JSON's fields are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle score --model shakespeare-llama --file play.txt --window 256",
      "  heddle score --model DIR --file text.txt --window 1024 --stride 512 --json"
    })
public final class ScoreVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;
  @Mixin private CacheSelection cache;

  @Option(
      names = "--file",
      required = true,
      paramLabel = "FILE",
      description = "The UTF-8 text; - for standard input.")
  private String file;

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens of a window (default: the model's context, up to 2048).")
  private int window;

  @Option(
      names = "--stride",
      paramLabel = "N",
      description = "Tokens from one window to the next (default: the window's).")
  private Integer stride;

  @Option(
      names = "--special",
      description = "Begin the text as the tokenizer begins texts, with <s> or the like.")
  private boolean special;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public ScoreVerb() {}

  @Override
  public Integer call() {
    TextFile text = TextFile.read("--file", file);
    try (Model opened = model.openModel();
        Scorer scorer =
            Scorer.builder(opened)
                .backend(selection.choice())
                .backendOptions(selection.options())
                .storage(cache.storage())
                .window(window)
                .build()) {
      BackendSelection.logReason(scorer.backendReason());
      int[] ids = opened.tokenizer().encode(text.text(), special).ids();
      int length = scorer.longestWindow();
      int step = stride == null ? length : stride;
      long start = System.nanoTime();
      Perplexity result;
      try (Progress progress = Progress.of("scoring", ids.length)) {
        result = scorer.score(ids, length, step, progress::to);
      }
      print(result, text.bytes(), length, step, (System.nanoTime() - start) / 1e9);
    }
    return ExitCode.OK;
  }

  private void print(Perplexity result, long bytes, int length, int step, double seconds) {
    String shown =
        json
            ? Json.pretty(
                Json.object(
                    "nats_per_token", result.natsPerToken(),
                    "perplexity", result.perplexity(),
                    "bits_per_byte", result.bitsPerByte(bytes),
                    "tokens", result.tokens(),
                    "scored_tokens", result.scored(),
                    "bytes", bytes,
                    "window", length,
                    "stride", step,
                    "seconds", seconds))
            : """
            perplexity      %.4f
            nats per token  %.4f
            bits per byte   %.4f
            tokens          %,d, of which %,d scored, in windows of %,d every %,d
            bytes           %,d
            time            %s
            """
                .formatted(
                    result.perplexity(),
                    result.natsPerToken(),
                    result.bitsPerByte(bytes),
                    result.tokens(),
                    result.scored(),
                    length,
                    step,
                    bytes,
                    Amount.seconds(seconds))
                .stripTrailing();
    spec.commandLine().getOut().println(shown);
  }
}
