package dev.heddle.cli;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.model.Model;
import dev.heddle.task.Translator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle translate}: texts in, the same in another language out. */
@Command(
    name = "translate",
    description = "Write texts in another language, or another form.",
    footerHeading = "%n",
    footer = {
      "Models of many languages want --to, and --from where it is not the one that the",
      "tokenizer puts, by the names that the model has: en, eng_Latn or en_XX. A T5",
      "wants both: en or English. The fields of --json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle translate --model dates-marian \"le 3 mars 2017\" \"March 3rd, 2017\"",
      "  heddle translate --model DIR --from eng_Latn --to fra_Latn \"The loom is warm.\""
    })
public final class TranslateVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;
  @Mixin private GenerationSelection generation;

  @Parameters(paramLabel = "TEXT", description = "Texts to translate.")
  private List<String> texts;

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Translate the lines of a UTF-8 file; - for standard input.")
  private String input;

  @Option(names = "--from", paramLabel = "LANGUAGE", description = "The texts' language.")
  private String from;

  @Option(names = "--to", paramLabel = "LANGUAGE", description = "The language wanted.")
  private String to;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public TranslateVerb() {}

  @Override
  public Integer call() {
    if (from != null && to == null) {
      throw new ParameterException(spec.commandLine(), "--from was given without --to; give both");
    }
    List<String> given = TaskInput.texts(spec, texts, input);
    try (Model opened = model.openModel();
        Translator translator = Translator.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(translator.reason());
      GenerationOptions options =
          generation.over(to == null ? translator.options() : translator.options(from, to));
      WrittenTexts.print(
          given,
          text ->
              to == null
                  ? translator.translate(text, options)
                  : translator.translate(text, from, to, options),
          json,
          translator.backend(),
          spec.commandLine().getOut());
    }
    return ExitCode.OK;
  }
}
