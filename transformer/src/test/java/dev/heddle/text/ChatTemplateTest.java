package dev.heddle.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.text.ChatTemplateException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final String CHATML =
      """
      {%- for message in messages %}
          {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  private static final ChatRequest HELLO =
      ChatRequest.of(List.of(ChatRequest.message("user", "Hello")));

  @TempDir Path folder;

  private ChatTemplate found() {
    return ChatTemplate.find(folder).orElseThrow();
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void aConversationIsWrittenAsItsTemplateSays() {
    ChatTemplate template = ChatTemplate.of(CHATML, Map.of(), "a test");
    assertEquals(
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", template.render(HELLO));
    assertEquals(
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n",
        template.render(HELLO.and("assistant", "Hi").withGenerationPrompt(false)));
  }

  @Test
  void aTokenizersConfigHasTheTemplateAndItsTokens() throws IOException {
    assertEquals(Optional.empty(), ChatTemplate.find(folder));
    write("tokenizer_config.json", "{\"bos_token\": \"<s>\"}");
    assertEquals(Optional.empty(), ChatTemplate.find(folder));
    write("special_tokens_map.json", "{\"eos_token\": \"</s>\", \"bos_token\": \"<old>\"}");
    write(
        "tokenizer_config.json",
        """
        {"bos_token": {"content": "<s>", "special": true}, "pad_token": null,
         "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}"}
        """);
    assertEquals("<s>Hello</s>", found().render(HELLO));
  }

  @Test
  void aTemplateForToolsIsTakenWhereThereAreTools() throws IOException {
    write(
        "tokenizer_config.json",
        """
        {"chat_template": [{"name": "default", "template": "plain"},
                           {"name": "tool_use", "template": "with {{ tools[0].name }}"}]}
        """);
    assertEquals("plain", found().render(HELLO));
    assertEquals("with f", found().render(HELLO.withTools(List.of(Map.of("name", "f")))));
    write(
        "tokenizer_config.json", "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"\"}]}");
    ChatTemplateException e =
        assertThrows(ChatTemplateException.class, () -> found().render(HELLO));
    assertTrue(e.getMessage().contains("[rag]; expected one named \"default\""), e.getMessage());
  }

  @Test
  void aFileOfItsOwnGoesBeforeTheConfig() throws IOException {
    write("tokenizer_config.json", "{\"bos_token\": \"<s>\", \"chat_template\": \"config\"}");
    write("chat_template.jinja", "{{ bos_token }}file\n");
    write("additional_chat_templates/tool_use.jinja", "tools");
    assertEquals("<s>file", found().render(HELLO));
    assertEquals("tools", found().render(HELLO.withTools(List.of())));
  }

  @Test
  void aTemplateIsToldTheTimeAndFurtherVariables() {
    ChatTemplate template =
        ChatTemplate.of("{{ strftime_now('%d %B %Y') }} {{ thinking }}", Map.of(), "a test");
    ChatRequest request = HELLO.at(LocalDateTime.of(2024, 7, 26, 0, 0)).with("thinking", false);
    assertEquals("26 July 2024 False", template.render(request));
  }

  @Test
  void refusalsFailuresAndLimitsAreToldApart() {
    assertEquals(Kind.REFUSED, kind("{{ raise_exception('System role not supported') }}"));
    assertEquals(Kind.FAILED, kind("{{ messages[0].content + 1 }}"));
    assertEquals(Kind.FAILED, kind("{% for tool in tools %}{% endfor %}"));
    assertEquals(
        Kind.LIMIT,
        kind("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"));
    ChatTemplateException e =
        assertThrows(
            ChatTemplateException.class,
            () -> ChatTemplate.of("a\n{% if %}", Map.of(), "model/tokenizer_config.json"));
    assertEquals(Kind.UNUSABLE, e.kind());
    assertEquals(
        "model/tokenizer_config.json: is no template: found '%}'; expected an expression"
            + " (line 2 of the template)",
        e.getMessage());
  }

  private static Kind kind(String template) {
    ChatTemplate chat = ChatTemplate.of(template, Map.of(), "a test");
    return assertThrows(ChatTemplateException.class, () -> chat.render(HELLO)).kind();
  }

  @Test
  void aGgufsMetadataHasTheTemplateAndTheIdsOfItsTokens() {
    Map<String, Object> metadata =
        Map.of(
            "tokenizer.ggml.tokens",
            List.of("<unk>", "<s>", "</s>"),
            "tokenizer.ggml.bos_token_id",
            1L,
            "tokenizer.ggml.eos_token_id",
            7L,
            "tokenizer.chat_template",
            "{{ bos_token }}{{ eos_token is defined }}",
            "tokenizer.chat_template.tool_use",
            "tools");
    ChatTemplate template = ChatTemplateFiles.find(metadata, "m.gguf").orElseThrow();
    assertEquals("<s>False", template.render(HELLO));
    assertEquals("tools", template.render(HELLO.withTools(List.of())));
    assertEquals(Optional.empty(), ChatTemplateFiles.find(Map.of(), "m.gguf"));
  }
}
