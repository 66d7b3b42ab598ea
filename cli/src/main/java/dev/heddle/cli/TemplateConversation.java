package dev.heddle.cli;

import dev.heddle.text.ChatRequest;
import dev.heddle.text.ChatTemplate;
import dev.heddle.text.Tokenizer;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Messages of a user and an assistant, written as the model's chat template says. */
final class TemplateConversation implements Conversation {
  private final ChatTemplate template;
  private final Tokenizer tokenizer;
  private final String system;
  private final LocalDateTime begun = LocalDateTime.now();
  private final List<Map<String, Object>> messages = new ArrayList<>();
  private String asked;
  private int tokens;

  /**
   * Nothing was said yet.
   *
   * @param system stands before all messages; null for none
   */
  TemplateConversation(ChatTemplate template, Tokenizer tokenizer, String system) {
    this.template = template;
    this.tokenizer = tokenizer;
    this.system = system;
  }

  @Override
  public int[] prompt(String line) {
    asked = line;
    List<Map<String, Object>> all = new ArrayList<>();
    if (system != null) {
      all.add(ChatRequest.message("system", system));
    }
    all.addAll(messages);
    // A template writes special tokens itself.
    ChatRequest request = ChatRequest.of(all).and("user", line).at(begun);
    return tokenizer.encode(template.render(request), false).ids();
  }

  @Override
  public void answered(int[] prompt, int[] ids, String text) {
    messages.add(ChatRequest.message("user", asked));
    messages.add(ChatRequest.message("assistant", text));
    tokens = prompt.length + ids.length;
  }

  /** The oldest question with its answer. */
  @Override
  public boolean shorten() {
    if (messages.isEmpty()) {
      return false;
    }
    messages.subList(0, 2).clear();
    return true;
  }

  @Override
  public void reset() {
    messages.clear();
    tokens = 0;
  }

  @Override
  public int tokens() {
    return tokens;
  }
}
