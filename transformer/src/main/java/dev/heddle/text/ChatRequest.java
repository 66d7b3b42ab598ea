package dev.heddle.text;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a {@link ChatTemplate} makes a prompt of. Values are strings, numbers, booleans, nulls, and
 * lists and mappings of them, as JSON has them.
 *
 * @param messages mappings with {@code role} and {@code content}, and whatever else a template
 *     knows: {@code tool_calls}, {@code name}
 * @param tools descriptions of functions that the model may call; null if there are none
 * @param documents texts to answer from; null if there are none
 * @param addGenerationPrompt ends with the beginning of an assistant's message
 * @param extra further variables of the template
 * @param now what a template that asks for the date is told
 */
public record ChatRequest(
    List<Map<String, Object>> messages,
    List<?> tools,
    List<?> documents,
    boolean addGenerationPrompt,
    Map<String, Object> extra,
    LocalDateTime now) {
  /** A request; its mappings may hold nulls. */
  public ChatRequest {
    messages = List.copyOf(messages);
    extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
  }

  /** A conversation that the assistant is to continue, now. */
  public static ChatRequest of(List<Map<String, Object>> messages) {
    return new ChatRequest(messages, null, null, true, Map.of(), LocalDateTime.now());
  }

  /** A message. */
  public static Map<String, Object> message(String role, String content) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  /** The same with one more message. */
  public ChatRequest and(String role, String content) {
    List<Map<String, Object>> more = new ArrayList<>(messages);
    more.add(message(role, content));
    return new ChatRequest(more, tools, documents, addGenerationPrompt, extra, now);
  }

  /** The same with these tools. */
  public ChatRequest withTools(List<?> value) {
    return new ChatRequest(messages, value, documents, addGenerationPrompt, extra, now);
  }

  /** The same with these documents. */
  public ChatRequest withDocuments(List<?> value) {
    return new ChatRequest(messages, tools, value, addGenerationPrompt, extra, now);
  }

  /** The same with or without the beginning of an assistant's message. */
  public ChatRequest withGenerationPrompt(boolean value) {
    return new ChatRequest(messages, tools, documents, value, extra, now);
  }

  /** The same with a variable of the template, such as {@code enable_thinking}. */
  public ChatRequest with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(extra);
    more.put(name, value);
    return new ChatRequest(messages, tools, documents, addGenerationPrompt, more, now);
  }

  /** The same at another time. */
  public ChatRequest at(LocalDateTime time) {
    return new ChatRequest(messages, tools, documents, addGenerationPrompt, extra, time);
  }
}
