package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.task.FillMask;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle fill-mask}: a text with gaps in, the words for them out. */
@Command(
    name = "fill-mask",
    description = "Guess the words that are masked in a text.",
    footerHeading = "%n",
    footer = {
      "A gap is written as the model's tokenizer does: [MASK] or <mask>. The fields of",
      "--json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle fill-mask --model DIR \"A heddle leads the [MASK].\"",
      "  heddle fill-mask --model DIR --top 10 --json \"The <mask> is warm.\""
    })
public final class FillMaskVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;

  @Parameters(paramLabel = "TEXT", arity = "1", description = "The text with gaps.")
  private String text;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "5",
      description = "Words to print for each gap (default: 5).")
  private int top;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public FillMaskVerb() {}

  @Override
  public Integer call() {
    if (top < 1) {
      throw new ParameterException(spec.commandLine(), "--top " + top + ": expected 1 or more");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Model opened = model.openModel();
        FillMask fill = FillMask.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(fill.reason());
      List<List<FillMask.Guess>> gaps = fill.fill(text, top);
      if (json) {
        List<Object> all = new ArrayList<>();
        gaps.forEach(gap -> all.add(gap.stream().map(FillMaskVerb::json).toList()));
        out.println(Json.pretty(Json.object("gaps", all, "backend", fill.backend())));
      } else {
        Table table = new Table().right("").left("").left("");
        gaps.forEach(gap ->
            gap.forEach(
                each -> table.row("%.4f".formatted(each.score()), each.token(), each.text())));
        table.print(out, "");
      }
    }
    return ExitCode.OK;
  }

  private static Object json(FillMask.Guess each) {
    return Json.object(
        "token", each.token(), "id", each.id(), "score", each.score(), "text", each.text());
  }
}
