package dev.heddle.text;

import dev.heddle.jinja.JinjaException;
import dev.heddle.jinja.Template;
import dev.heddle.weights.Gguf;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How a model wants a conversation written: the Jinja template that comes with it, rendered as
 * Hugging Face's transformers does (sandbox, trimmed blocks, {@code tojson}, {@code
 * raise_exception}, {@code strftime_now}).
 *
 * <p>A template reaches nothing but the values of its request. Its steps, its depth and its text
 * are bounded. Immutable, for any number of threads.
 */
public final class ChatTemplate {
  /** The template for requests without tools, and the only one of most models. */
  static final String DEFAULT = "default";

  private static final String TOOL_USE = "tool_use";

  private final String source;
  private final Map<String, Template> templates;
  private final Map<String, Object> specialTokens;

  private ChatTemplate(
      String source, Map<String, Template> templates, Map<String, Object> specialTokens) {
    this.source = source;
    this.templates = templates;
    this.specialTokens = specialTokens;
  }

  /**
   * A template.
   *
   * @param template its text
   * @param specialTokens variables such as {@code bos_token}; those that the model lacks are left
   *     out
   * @param source where it comes from, for errors
   * @throws ChatTemplateException if it is no template
   */
  public static ChatTemplate of(String template, Map<String, String> specialTokens, String source) {
    return of(Map.of(DEFAULT, template), new LinkedHashMap<>(specialTokens), source);
  }

  static ChatTemplate of(
      Map<String, String> templates, Map<String, Object> specialTokens, String source) {
    Map<String, Template> parsed = new LinkedHashMap<>();
    templates.forEach((name, template) -> {
      try {
        parsed.put(name, Template.parse(template));
      } catch (JinjaException e) {
        throw ChatTemplateException.of(
            templates.size() == 1 ? source : source + ", template " + name, e);
      }
    });
    return new ChatTemplate(source, parsed, specialTokens);
  }

  /**
   * The template of a model's folder: {@code chat_template.jinja} and those in {@code
   * additional_chat_templates}, or else {@code chat_template} in {@code tokenizer_config.json}, one
   * or a list with names. Empty if there is none.
   *
   * @throws ChatTemplateException if it is no template
   * @throws dev.heddle.weights.WeightFileException if a file cannot be read
   */
  public static Optional<ChatTemplate> find(Path folder) {
    return ChatTemplateFiles.find(folder);
  }

  /**
   * The template in a GGUF file: {@code tokenizer.chat_template}, and those with names. Empty if
   * there is none.
   *
   * @param source where it comes from, for errors
   * @throws ChatTemplateException if it is no template
   */
  public static Optional<ChatTemplate> find(Gguf gguf, String source) {
    return ChatTemplateFiles.find(gguf.metadata(), source);
  }

  /**
   * The prompt for a request.
   *
   * @throws ChatTemplateException if the template refuses it, fails, or takes too much
   */
  public String render(ChatRequest request) {
    boolean tools = request.tools() != null && templates.containsKey(TOOL_USE);
    Template template = templates.get(tools ? TOOL_USE : DEFAULT);
    if (template == null) {
      throw ChatTemplateException.unusable(
          source,
          "has the chat templates %s; expected one named \"%s\""
              .formatted(templates.keySet(), DEFAULT));
    }
    Map<String, Object> variables = new LinkedHashMap<>(specialTokens);
    variables.put("messages", request.messages());
    variables.put("tools", request.tools());
    variables.put("documents", request.documents());
    variables.put("add_generation_prompt", request.addGenerationPrompt());
    variables.putAll(request.extra());
    try {
      return template.render(variables, request.now());
    } catch (JinjaException e) {
      throw ChatTemplateException.of(source, e);
    }
  }
}
