package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.task.Aggregation;
import dev.heddle.task.Entities;
import dev.heddle.task.Entity;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle entities}: texts in, what they name out. */
@Command(
    name = "entities",
    description = "Find what texts name, and where.",
    footerHeading = "%n",
    footer = {
      "Start and end count the text's chars as Java does, the end not included. The",
      "fields of --json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle entities --model DIR \"Ada lives in Turin.\"",
      "  heddle entities --model DIR --aggregation simple --input lines.txt --json"
    })
public final class EntitiesVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;

  @Parameters(paramLabel = "TEXT", description = "Texts to look through.")
  private List<String> texts;

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "Look through the lines of a UTF-8 file; - for standard input.")
  private String input;

  @Option(
      names = "--aggregation",
      paramLabel = "A",
      defaultValue = "FIRST",
      description = {
        "How tokens' labels become words': simple (a word may be torn), first, average or max"
            + " (default: first)."
      })
  private Aggregation aggregation;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public EntitiesVerb() {}

  @Override
  public Integer call() {
    List<String> given = TaskInput.texts(spec, texts, input);
    PrintWriter out = spec.commandLine().getOut();
    try (Model opened = model.openModel();
        Entities entities = Entities.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(entities.reason());
      List<Object> all = new ArrayList<>();
      Table table = new Table().left("").right("").right("").right("").left("");
      for (String text : given) {
        List<Entity> found = entities.find(text, aggregation);
        for (Entity each : found) {
          String score = "%.4f".formatted(each.score());
          table.row(each.label(), score, each.start(), each.end(), each.text());
        }
        all.add(
            Json.object("text", text, "entities", found.stream().map(EntitiesVerb::json).toList()));
      }
      if (json) {
        out.println(Json.pretty(Json.object("results", all, "backend", entities.backend())));
      } else {
        table.print(out, "");
      }
    }
    return ExitCode.OK;
  }

  private static Object json(Entity each) {
    return Json.object(
        "label", each.label(),
        "text", each.text(),
        "start", each.start(),
        "end", each.end(),
        "score", each.score());
  }
}
