package dev.heddle.cli;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.model.Model;
import dev.heddle.task.Summarizer;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle summarize}: texts in, fewer words out. */
@Command(
    name = "summarize",
    description = "Say in few words what a text says in many.",
    footerHeading = "%n",
    footer = {
      "How long, and how it is searched, is what the model's generation_config.json",
      "states, unless said here. The fields of --json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle summarize --model DIR --input article.txt",
      "  heddle summarize --model DIR --beams 4 --max-new-tokens 60 \"a long text\""
    })
public final class SummarizeVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;
  @Mixin private GenerationSelection generation;

  @Parameters(paramLabel = "TEXT", description = "Texts to summarize.")
  private List<String> texts;

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Summarize a UTF-8 file, the whole of it; - for standard input.")
  private String input;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public SummarizeVerb() {}

  @Override
  public Integer call() {
    if ((texts == null) == (input == null)) {
      throw new ParameterException(spec.commandLine(), "give one of TEXT and --input FILE");
    }
    List<String> given = input == null ? texts : List.of(TextFile.read("--input", input).text());
    try (Model opened = model.openModel();
        Summarizer summarizer = Summarizer.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(summarizer.reason());
      GenerationOptions options = generation.over(summarizer.options());
      WrittenTexts.print(
          given,
          text -> summarizer.summarize(text, options),
          json,
          summarizer.backend(),
          spec.commandLine().getOut());
    }
    return ExitCode.OK;
  }
}
