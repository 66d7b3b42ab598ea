package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ChatTest {
  private static final int LIMIT = 64;

  private final StringWriter out = new StringWriter();

  /** What a conversation over these lines shows. */
  private String chat(int maxNewTokens, String... lines) throws IOException {
    try (Model model = Models.open("shakespeare-llama");
        Generator generator =
            Generator.builder(model).cacheTokens(LIMIT).sequences(1).keepPrefix(true).build();
        Interrupts interrupts = new Interrupts(() -> {})) {
      GenerationOptions options =
          GenerationOptions.builder().maxNewTokens(maxNewTokens).eosTokenIds(List.of()).build();
      new Chat(
              generator,
              options,
              new RawConversation(model.tokenizer()),
              LIMIT,
              interrupts,
              new PrintWriter(out),
              new Paint(false))
          .run(new BufferedReader(new StringReader(String.join("\n", lines))), "");
      return out.toString();
    }
  }

  @Test
  void anAnswerIsContinuedFromWhatTheCacheHolds() throws IOException {
    String shown = chat(8, "ROMEO:", "JULIET:", "/stats");
    // <s> and two tokens a name; the second prompt begins with all of the first answer.
    assertTrue(shown.matches("(?s).*conversation  \\d+ of 64 tokens.*"), shown);
    var read = Pattern.compile("(\\d+) of the prompt's (\\d+) read").matcher(shown);
    assertTrue(read.find(), shown);
    int fresh = Integer.parseInt(read.group(1));
    int all = Integer.parseInt(read.group(2));
    // Behind the first prompt and its answer, of which the last token has not been run.
    assertTrue(fresh < all - 8 && fresh > 0, shown);
  }

  @Test
  void aConversationLongerThanItsRoomForgetsItsBeginning() throws IOException {
    String shown = chat(20, "ROMEO:", "JULIET:", "ROMEO:", "JULIET:", "/stats");
    assertTrue(shown.contains("(the beginning is forgotten: there is room for 64 tokens)"), shown);
    String long64 = chat(4, "word ".repeat(80));
    assertTrue(long64.contains("say less"), long64);
  }

  @Test
  void commandsAreNotGivenToTheModel() throws IOException {
    String shown = chat(4, "", "/help", "/nothing", "/reset", "/stats", "/exit", "ROMEO:");
    assertTrue(shown.contains("/reset  begin anew"), shown);
    assertTrue(shown.contains("(there is no /nothing; /help lists what there is)"), shown);
    assertTrue(shown.contains("conversation  0 of 64 tokens"), shown);
    assertEquals(1, shown.split("nothing was answered yet", -1).length - 1, shown);
  }
}
