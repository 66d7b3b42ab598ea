package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.task.Answer;
import dev.heddle.task.AnswerOptions;
import dev.heddle.task.Answerer;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle answer}: a question and a text in, the words that answer it out. */
@Command(
    name = "answer",
    description = "Answer a question with words of a text.",
    footerHeading = "%n",
    footer = {
      "A text that is longer than a window is read in several, which overlap. The",
      "fields of --json are listed in docs/json.md.",
      "",
      "Examples:",
      "  heddle answer --model DIR --question \"Who leads?\" --context \"A heddle leads.\"",
      "  heddle answer --model DIR --question \"Who leads?\" --context-file text.txt --top 3"
    })
public final class AnswerVerb implements Verb {
  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;

  @Option(names = "--question", required = true, paramLabel = "TEXT", description = "The question.")
  private String question;

  @Option(names = "--context", paramLabel = "TEXT", description = "The text to look in.")
  private String context;

  @Option(
      names = "--context-file",
      paramLabel = "FILE",
      description = "A UTF-8 file with the text to look in; - for standard input.")
  private String file;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "1",
      description = "Answers to print (default: 1).")
  private int top;

  @Option(
      names = "--max-answer-tokens",
      paramLabel = "N",
      defaultValue = "15",
      description = "Tokens of an answer at most (default: 15).")
  private int maxTokens;

  @Option(names = "--none", description = "The text may have no answer, which is one too.")
  private boolean none;

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens of a window (default: what the model takes, up to 384).")
  private int window;

  @Option(
      names = "--overlap",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens that two windows share (default: half a window, up to 128).")
  private int overlap;

  @Option(names = "--json", description = "Print JSON; its fields are listed in docs/json.md.")
  private boolean json;

  /** For the service loader. */
  public AnswerVerb() {}

  @Override
  public Integer call() {
    if ((context == null) == (file == null)) {
      throw new ParameterException(
          spec.commandLine(), "give one of --context TEXT and --context-file FILE");
    }
    if (Stream.of(top, maxTokens).anyMatch(n -> n < 1) || window < 0 || overlap < 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--top and --max-answer-tokens are 1 or more, --window and --overlap not negative");
    }
    String text = file == null ? context : TextFile.read("--context-file", file).text();
    AnswerOptions options = new AnswerOptions(top, maxTokens, none, window, overlap);
    PrintWriter out = spec.commandLine().getOut();
    try (Model opened = model.openModel();
        Answerer answerer = Answerer.of(opened, TaskInput.options(selection))) {
      BackendSelection.logReason(answerer.reason());
      List<Answer> answers = answerer.answer(question, text, options);
      if (json) {
        List<Object> all = answers.stream().map(AnswerVerb::json).toList();
        out.println(Json.pretty(Json.object("answers", all, "backend", answerer.backend())));
      } else {
        Table table = new Table().right("").right("").right("").left("");
        for (Answer each : answers) {
          String shown = each.isNone() ? "(no answer)" : each.text();
          table.row("%.4f".formatted(each.score()), each.start(), each.end(), shown);
        }
        table.print(out, "");
      }
    }
    return ExitCode.OK;
  }

  private static Object json(Answer each) {
    return Json.object(
        "text", each.text(),
        "start", each.start(),
        "end", each.end(),
        "score", each.score());
  }
}
