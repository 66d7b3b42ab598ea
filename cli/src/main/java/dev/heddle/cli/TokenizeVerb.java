package dev.heddle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.heddle.text.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle tokenize}: texts in, token ids out. */
@Command(
    name = "tokenize",
    description = "Turn texts into token ids, an array for each text on its line.",
    footerHeading = "%n",
    footer = {
      "A model that cannot be run will do, if it has a tokenizer: a folder with a",
      "tokenizer.json, a GGUF file with a vocabulary, a checkpoint of llama2.c with",
      "its tok*.bin beside it. Special tokens in a text, as </s>, are taken for such.",
      "",
      "Examples:",
      "  heddle tokenize --model DIR \"The loom is warm.\"",
      "  heddle tokenize --model model.gguf --no-special \"a text\" \"another\"",
      "  heddle tokenize --model DIR --jsonl texts.jsonl > ids.jsonl"
    })
public final class TokenizeVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection selection;

  @Parameters(paramLabel = "TEXT", description = "Texts to turn into ids.")
  private List<String> texts;

  @Option(
      names = "--jsonl",
      paramLabel = "FILE",
      description = "Take texts from a file with a JSON string a line; - for standard input.")
  private String file;

  @Option(
      names = "--no-special",
      description = "Leave out what the tokenizer adds to a text, such as [CLS] or <s>.")
  private boolean noSpecial;

  /** For the service loader. */
  public TokenizeVerb() {}

  @Override
  public Integer call() throws IOException {
    if ((texts == null) == (file == null)) {
      throw new ParameterException(
          spec.commandLine(),
          texts == null
              ? "nothing to tokenize; give TEXT, or --jsonl FILE with a JSON string a line"
              : "TEXT and --jsonl were both given; give one of them");
    }
    try (Tokenizer tokenizer = selection.open()) {
      if (file == null) {
        texts.forEach(text -> print(tokenizer, text));
      } else {
        new JsonLines("--jsonl", file).read(value -> print(tokenizer, text(value)));
      }
    }
    return ExitCode.OK;
  }

  private static String text(JsonNode value) {
    if (!value.isTextual()) {
      throw new IllegalArgumentException("is no JSON string");
    }
    return value.textValue();
  }

  private void print(Tokenizer tokenizer, String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(Arrays.toString(tokenizer.encode(text, !noSpecial).ids()));
  }
}
