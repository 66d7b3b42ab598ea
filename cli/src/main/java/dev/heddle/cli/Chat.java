package dev.heddle.cli;

import dev.heddle.backend.HeddleException;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.generate.StopReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;

/** The loop of a conversation: a line is read, an answer is written. */
final class Chat {
  private static final String HELP =
      """
      /reset  begin anew
      /stats  tokens and times
      /help   this
      /exit   leave; Ctrl-D does too
      Ctrl-C stops an answer. All else goes to the model.\
      """;

  private final Generator generator;
  private final GenerationOptions options;
  private final Conversation conversation;
  private final int limit;
  private final Interrupts interrupts;
  private final PrintWriter out;
  private final Paint paint;
  private int turn;
  private String last = "nothing was answered yet";

  /**
   * A conversation.
   *
   * @param limit tokens that it may have, answers included
   */
  Chat(
      Generator generator,
      GenerationOptions options,
      Conversation conversation,
      int limit,
      Interrupts interrupts,
      PrintWriter out,
      Paint paint) {
    this.generator = generator;
    this.options = options;
    this.conversation = conversation;
    this.limit = limit;
    this.interrupts = interrupts;
    this.out = out;
    this.paint = paint;
  }

  /** Until {@code in} ends, or its reader wants to leave; {@code mark} stands before each line. */
  void run(BufferedReader in, String mark) throws IOException {
    for (String line = next(in, mark); line != null; line = next(in, mark)) {
      switch (line.strip()) {
        case "" -> {}
        case "/exit", "/quit", "/bye" -> {
          return;
        }
        case "/help", "/?" -> out.println(HELP);
        case "/reset" -> {
          conversation.reset();
          out.println(paint.dim("(all forgotten)"));
        }
        case "/stats" -> stats();
        default -> {
          if (line.startsWith("/") && line.indexOf(' ') < 0) {
            out.println(paint.dim("(there is no " + line + "; /help lists what there is)"));
          } else {
            answered(line);
          }
        }
      }
    }
  }

  private String next(BufferedReader in, String mark) throws IOException {
    out.print(mark);
    out.flush();
    String line = in.readLine();
    if (line == null && !mark.isEmpty()) {
      out.println(); // Ctrl-D leaves the cursor behind the mark.
    }
    return line;
  }

  private void stats() {
    out.printf("conversation  %,d of %,d tokens%n", conversation.tokens(), limit);
    out.println("last answer   " + last);
    out.println("tokens        " + GenerationSelection.describe(options));
    out.println(generator.backendReason());
  }

  /** What goes wrong with one answer does not end the conversation. */
  private void answered(String line) {
    try {
      answer(line);
    } catch (HeddleException e) {
      out.println(paint.dim("(" + e.getMessage() + ")"));
    }
  }

  private void answer(String line) {
    int[] prompt = fitted(line);
    if (prompt == null) {
      return;
    }
    Answer answer = new Answer();
    interrupts.begin();
    try {
      int room = Math.min(options.newTokens(prompt.length, limit), limit - prompt.length);
      GenerationOptions fitting =
          options.toBuilder()
              .minNewTokens(0)
              .maxNewTokens(room)
              .seed(options.seed() + turn++) // else every answer would draw alike
              .build();
      Generation result = generator.generate(prompt, fitting, answer::token);
      answer.complete(result);
    } catch (RunInterruptedException e) {
      last = "stopped";
    } finally {
      interrupts.end();
    }
    out.println(answer.stopped == null ? paint.dim(" (stopped)") : "");
    if (answer.count > 0) {
      conversation.answered(prompt, answer.ids(), answer.text.toString());
    }
  }

  /** The prompt, with as much of what went before as leaves room for an answer; null if none. */
  private int[] fitted(String line) {
    int room = Math.clamp(options.newTokens(1, limit), 1, Math.max(1, limit / 4));
    int[] prompt = conversation.prompt(line);
    boolean shortened = false;
    while (prompt.length > limit - room && conversation.shorten()) {
      shortened = true;
      prompt = conversation.prompt(line);
    }
    if (prompt.length >= limit) {
      out.printf(
          "%s%n",
          paint.dim(
              "(that is %,d tokens; there is room for %,d: say less)"
                  .formatted(prompt.length, limit - 1)));
      return null;
    }
    if (shortened) {
      out.println(
          paint.dim("(the beginning is forgotten: there is room for %,d tokens)".formatted(limit)));
    }
    return prompt;
  }

  /** What has come of an answer, which Ctrl-C may end at any time. */
  private final class Answer {
    private int[] ids = new int[64];
    private int count;
    private final StringBuilder text = new StringBuilder();
    private StopReason stopped;

    boolean token(int sequence, int id, String shown) {
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, 2 * count);
      }
      ids[count++] = id;
      text.append(shown);
      out.print(shown);
      out.flush();
      return true;
    }

    void complete(Generation result) {
      stopped = result.first().stopped();
      if (count == 0) { // Of beams nothing is told on the way.
        ids = result.first().ids();
        count = ids.length;
        text.append(result.text());
        out.print(text);
      }
      last =
          "%,d tokens, %,.0f a second; %,d of the prompt's %,d read in %s; ended by %s"
              .formatted(
                  count,
                  result.tokensPerSecond(),
                  result.promptTokens() - result.cachedTokens(),
                  result.promptTokens(),
                  Amount.seconds(result.prefill().toNanos() / 1e9),
                  stopped.label());
    }

    /** Without the token that ended it. */
    int[] ids() {
      return Arrays.copyOf(ids, stopped == StopReason.EOS ? count - 1 : count);
    }
  }
}
