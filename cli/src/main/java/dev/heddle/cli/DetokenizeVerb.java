package dev.heddle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.heddle.text.Tokenizer;
import java.io.IOException;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle detokenize}: token ids in, texts out. */
@Command(
    name = "detokenize",
    description = "Turn token ids into text.",
    footerHeading = "%n",
    footer = {
      "Ids are written 1,15043 or as heddle tokenize prints them. With --jsonl each",
      "text is a JSON string on its line. Ids that no token has are passed over.",
      "",
      "Examples:",
      "  heddle detokenize --model DIR 101,7592,102",
      "  heddle detokenize --model model.gguf --no-special \"[1, 15043, 3186]\"",
      "  heddle detokenize --model DIR --jsonl ids.jsonl > texts.jsonl"
    })
public final class DetokenizeVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection selection;

  @Parameters(paramLabel = "IDS", description = "Token ids of one text.")
  private List<String> words;

  @Option(
      names = "--jsonl",
      paramLabel = "FILE",
      description = "Take ids from a file with an array of them a line; - for standard input.")
  private String file;

  @Option(names = "--no-special", description = "Leave special tokens out, such as [CLS] or <s>.")
  private boolean noSpecial;

  /** For the service loader. */
  public DetokenizeVerb() {}

  @Override
  public Integer call() throws IOException {
    if ((words == null) == (file == null)) {
      throw new ParameterException(
          spec.commandLine(),
          words == null
              ? "nothing to detokenize; give IDS, or --jsonl FILE with an array of ids a line"
              : "IDS and --jsonl were both given; give one of them");
    }
    int[] given = words == null ? null : TokenIds.parse(spec, "IDS", String.join(" ", words));
    try (Tokenizer tokenizer = selection.open()) {
      if (given != null) {
        spec.commandLine().getOut().println(tokenizer.decode(given, noSpecial));
      } else {
        new JsonLines("--jsonl", file)
            .read(value -> {
              String text = tokenizer.decode(ids(value), noSpecial);
              spec.commandLine().getOut().println(TextNode.valueOf(text));
            });
      }
    }
    return ExitCode.OK;
  }

  private static int[] ids(JsonNode value) {
    if (!value.isArray()) {
      throw new IllegalArgumentException("is no JSON array of token ids");
    }
    return value.valueStream().mapToInt(DetokenizeVerb::id).toArray();
  }

  private static int id(JsonNode id) {
    if (!id.isInt() || id.intValue() < 0) {
      throw new IllegalArgumentException("holds %s, which is no token id".formatted(id));
    }
    return id.intValue();
  }
}
