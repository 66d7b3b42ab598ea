package dev.heddle.text;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Where models keep their chat templates, and the special tokens that these name. */
final class ChatTemplateFiles {
  private static final List<String> TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private static final String SUFFIX = ".jinja";

  private ChatTemplateFiles() {}

  static Optional<ChatTemplate> find(Path folder) {
    Path config = folder.resolve("tokenizer_config.json");
    Optional<JsonFields> fields =
        Files.isRegularFile(config) ? Optional.of(JsonFields.read(config)) : Optional.empty();
    Path own = folder.resolve("chat_template" + SUFFIX);
    Map<String, String> templates = new LinkedHashMap<>();
    if (Files.isRegularFile(own)) {
      templates.put(ChatTemplate.DEFAULT, text(own));
      additional(folder.resolve("additional_chat_templates"), templates);
    } else {
      fields.ifPresent(each -> configured(each.field("chat_template"), templates));
    }
    if (templates.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> tokens = new LinkedHashMap<>();
    Path map = folder.resolve("special_tokens_map.json");
    if (Files.isRegularFile(map)) {
      tokens(JsonFields.read(map), tokens);
    }
    fields.ifPresent(each -> tokens(each, tokens));
    Path source = templates.size() == 1 && Files.isRegularFile(own) ? own : config;
    return Optional.of(ChatTemplate.of(templates, tokens, source.toString()));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw ChatTemplateException.unusable(
          file.toString(), "cannot be read as UTF-8 text: " + e.getMessage());
    }
  }

  private static void additional(Path folder, Map<String, String> templates) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(SUFFIX)) {
          templates.put(name.substring(0, name.length() - SUFFIX.length()), text(file));
        }
      }
    } catch (IOException e) {
      throw ChatTemplateException.unusable(
          folder.toString(), "cannot be listed: " + e.getMessage());
    }
  }

  /** A string, or a list of objects with {@code name} and {@code template}. */
  private static void configured(JsonField field, Map<String, String> templates) {
    if (!field.present()) {
      return;
    }
    if (field.isString()) {
      templates.put(ChatTemplate.DEFAULT, field.string());
      return;
    }
    for (JsonFields each : field.objects()) {
      templates.put(each.field("name").string(), each.field("template").string());
    }
  }

  /** Each a string, or an object with {@code content}. */
  private static void tokens(JsonFields fields, Map<String, Object> tokens) {
    for (String name : TOKENS) {
      JsonField field = fields.field(name);
      if (field.present()) {
        tokens.put(name, field.isString() ? field.string() : content(field));
      }
    }
  }

  private static String content(JsonField field) {
    return field.object().field("content").string();
  }

  /** Metadata of a GGUF file: templates, and the ids of the special tokens. */
  static Optional<ChatTemplate> find(Map<String, Object> metadata, String source) {
    Map<String, String> templates = new LinkedHashMap<>();
    String key = "tokenizer.chat_template";
    for (Map.Entry<String, Object> each : metadata.entrySet()) {
      if (each.getValue() instanceof String template) {
        if (each.getKey().equals(key)) {
          templates.put(ChatTemplate.DEFAULT, template);
        } else if (each.getKey().startsWith(key + ".")) {
          templates.put(each.getKey().substring(key.length() + 1), template);
        }
      }
    }
    if (templates.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> tokens = new LinkedHashMap<>();
    if (metadata.get("tokenizer.ggml.tokens") instanceof List<?> vocabulary) {
      Map<String, String> ids =
          Map.of(
              "bos_token", "bos_token_id",
              "eos_token", "eos_token_id",
              "unk_token", "unknown_token_id",
              "sep_token", "seperator_token_id",
              "pad_token", "padding_token_id");
      ids.forEach((token, id) -> {
        if (metadata.get("tokenizer.ggml." + id) instanceof Number number
            && number.longValue() >= 0
            && number.longValue() < vocabulary.size()) {
          tokens.put(token, vocabulary.get(number.intValue()));
        }
      });
    }
    return Optional.of(ChatTemplate.of(templates, tokens, source));
  }
}
