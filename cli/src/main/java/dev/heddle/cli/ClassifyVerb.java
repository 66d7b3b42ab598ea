package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.task.Classifier;
import dev.heddle.task.Label;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle classify}: texts in, labels out. */
@Command(
    name = "classify",
    description = "Say which labels texts have.",
    footerHeading = "%n",
    footer = {
      "Labels, and whether they exclude each other, are what the model's config.json",
      "states. The fields of --json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle classify --model sentiment-bert \"What a lovely dinner.\"",
      "  heddle classify --model DIR --pair \"It rains.\" \"It is wet outside.\"",
      "  heddle classify --model DIR --input lines.txt --json"
    })
public final class ClassifyVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;

  @Parameters(paramLabel = "TEXT", description = "Texts to classify.")
  private List<String> texts;

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Classify the lines of a UTF-8 file; - for standard input.")
  private String input;

  @Option(
      names = "--pair",
      paramLabel = "TEXT",
      description = "The first text of a pair, whose second is each of the others.")
  private String first;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public ClassifyVerb() {}

  @Override
  public Integer call() {
    List<String> given = TaskInput.texts(spec, texts, input);
    try (Model opened = model.openModel();
        Classifier classifier = Classifier.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(classifier.reason());
      List<List<Label>> results =
          first == null
              ? classifier.classify(given)
              : given.stream().map(text -> classifier.classify(first, text)).toList();
      print(given, results, classifier.backend());
    }
    return ExitCode.OK;
  }

  private void print(List<String> given, List<List<Label>> results, String backend) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.pretty(Json.object("results", all(given, results), "backend", backend)));
      return;
    }
    Table table = new Table().left("").right("").left("");
    for (int i = 0; i < results.size(); i++) {
      Label best = results.get(i).getFirst();
      table.row(best.name(), "%.4f".formatted(best.score()), given.get(i));
    }
    table.print(out, "");
  }

  private static List<Object> all(List<String> given, List<List<Label>> results) {
    List<Object> all = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      List<Object> labels = new ArrayList<>();
      for (Label label : results.get(i)) {
        labels.add(
            Json.object(
                "label", label.name(),
                "id", label.id(),
                "score", label.score(),
                "logit", label.logit()));
      }
      all.add(Json.object("text", given.get(i), "labels", labels));
    }
    return all;
  }
}
