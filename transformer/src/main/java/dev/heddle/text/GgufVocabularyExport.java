package dev.heddle.text;

import dev.heddle.weights.GgufValue;
import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@code tokenizer.json} as the metadata of a GGUF file that say the same, which {@link
 * GgufVocabulary} reads: byte-level byte-pair encodings, and SentencePiece's with bytes to fall
 * back to.
 */
public final class GgufVocabularyExport {
  private static final String PREFIX = "tokenizer.ggml.";
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  private final Path folder;
  private final JsonFields tokenizer;
  private final JsonFields model;
  private final JsonFields settings;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();

  private GgufVocabularyExport(Path folder) {
    this.folder = folder;
    this.tokenizer = JsonFields.read(folder.resolve("tokenizer.json"));
    this.model = tokenizer.field("model").object();
    Path file = folder.resolve("tokenizer_config.json");
    this.settings = Files.exists(file) ? JsonFields.read(file) : JsonFields.of(Map.of(), file);
  }

  /**
   * The tokenizer in {@code folder}; empty where there is none, or one for which GGUF has no kind.
   *
   * @param rows of the table of embeddings: the vocabulary is filled up to it
   */
  public static Map<String, GgufValue> of(Path folder, int rows) {
    if (!Files.exists(folder.resolve("tokenizer.json"))) {
      return Map.of();
    }
    GgufVocabularyExport export = new GgufVocabularyExport(folder);
    if (export.model.field("type").string("").equals("BPE")) {
      export.write(rows);
    }
    return export.metadata;
  }

  private void put(String key, Object value) {
    metadata.put(PREFIX + key, GgufValue.of(value));
  }

  private void write(int rows) {
    boolean bytes = model.field("byte_fallback").bool(false);
    put("model", bytes ? "llama" : "gpt2");
    if (!bytes) {
      put("pre", preTokenizer());
    }
    JsonFields vocabulary = model.field("vocab").object();
    List<String> names = vocabulary.names();
    Map<String, Integer> ids = new HashMap<>();
    names.forEach(name -> ids.put(name, vocabulary.field(name).wholeInt()));
    Map<String, Integer> kinds = new HashMap<>();
    for (JsonFields added : tokenizer.field("added_tokens").objects()) {
      String content = added.field("content").string();
      ids.put(content, added.field("id").wholeInt());
      kinds.put(content, added.field("special").bool(false) ? CONTROL : USER);
    }
    int count = Math.max(rows, 1 + Collections.max(ids.values()));
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      tokens.add("[PAD" + i + "]");
      types.add(UNUSED);
    }
    String unknown = model.field("unk_token").string("");
    ids.forEach((token, id) -> {
      tokens.set(id, token);
      boolean byteToken = bytes && token.matches("<0x[0-9A-F]{2}>");
      int kind = kinds.getOrDefault(token, byteToken ? BYTE : NORMAL);
      types.set(id, bytes && token.equals(unknown) ? UNKNOWN : kind);
    });
    put("tokens", tokens);
    metadata.put(PREFIX + "token_type", GgufValue.ofInts(types));
    List<String> merges = merges();
    if (bytes) {
      put("scores", scores(tokens, types, merges));
      put("add_space_prefix", prepends());
    } else {
      put("merges", merges);
    }
    special(ids);
    chatTemplate();
  }

  /** Each as {@code left right}. */
  private List<String> merges() {
    return model.field("merges").elements().stream()
        .map(merge -> merge.isString() ? merge.string() : String.join(" ", merge.strings()))
        .toList();
  }

  /** SentencePiece merges by scores, the best piece first: here by the rank of its merge. */
  private static List<Float> scores(List<String> tokens, List<Integer> types, List<String> merges) {
    Map<String, Integer> ranks = new HashMap<>();
    for (int i = 0; i < merges.size(); i++) {
      ranks.putIfAbsent(merges.get(i).replaceFirst(" ", ""), i);
    }
    List<Float> scores = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      boolean piece = types.get(i) == NORMAL || types.get(i) == USER;
      float rank = ranks.getOrDefault(tokens.get(i), merges.size() + i);
      scores.add(piece ? -rank : 0f);
    }
    return scores;
  }

  private boolean prepends() {
    return steps("normalizer", "normalizers").stream()
            .anyMatch(step -> step.field("type").string("").equals("Prepend"))
        || steps("pre_tokenizer", "pretokenizers").stream()
            .filter(step -> step.field("type").string("").equals("Metaspace"))
            .anyMatch(step -> !step.field("prepend_scheme").string("always").equals("never"));
  }

  /** A part of the tokenizer, or, where that is a sequence, its parts. */
  private List<JsonFields> steps(String name, String parts) {
    if (!tokenizer.field(name).present()) {
      return List.of();
    }
    JsonFields whole = tokenizer.field(name).object();
    return whole.field("type").string("").equals("Sequence")
        ? whole.field(parts).objects()
        : List.of(whole);
  }

  /** llama.cpp's name for how text is cut; {@code default} where it has none for it. */
  private String preTokenizer() {
    List<JsonFields> parts = steps("pre_tokenizer", "pretokenizers");
    for (JsonFields part : parts) {
      String type = part.field("type").string("");
      if (type.equals("Digits") && part.field("individual_digits").bool(false)) {
        return "smollm";
      }
      if (type.equals("Split") && part.field("pattern").object().has("Regex")) {
        String regex = part.field("pattern").object().field("Regex").string();
        return regex.contains("\\p{N}{1,3}")
            ? "llama-bpe"
            : regex.contains("|\\p{N}|") ? "qwen2" : "default";
      }
    }
    boolean gpt2 =
        parts.size() == 1
            && parts.getFirst().field("type").string("").equals("ByteLevel")
            && parts.getFirst().field("use_regex").bool(true);
    return gpt2 ? "gpt-2" : "default";
  }

  private void special(Map<String, Integer> ids) {
    Path file = folder.resolve("config.json");
    JsonFields config = Files.exists(file) ? JsonFields.read(file) : settings;
    for (String name : List.of("bos", "eos", "pad")) {
      Integer id = ids.get(token(name + "_token"));
      JsonField stated = config.field(name + "_token_id");
      if (id == null && stated.present()) {
        id = stated.isList() ? stated.ints().getFirst() : stated.wholeInt();
      }
      if (id != null) {
        put(key(name), id);
      }
    }
    Integer unknown = ids.get(model.field("unk_token").string(""));
    if (unknown != null) {
      put("unknown_token_id", unknown);
    }
    GgufValue bos = metadata.get(PREFIX + key("bos"));
    try (Tokenizer own = Tokenizer.open(folder.resolve("tokenizer.json"))) {
      int[] plain = own.encode("a", false).ids();
      int[] whole = own.encode("a", true).ids();
      boolean before =
          whole.length > plain.length && bos != null && bos.value().equals((long) whole[0]);
      put("add_bos_token", before);
      put("add_eos_token", whole.length > plain.length + (before ? 1 : 0));
    }
  }

  private static String key(String name) {
    return (name.equals("pad") ? "padding" : name) + "_token_id";
  }

  /** A special token of {@code tokenizer_config.json}: a text, or an object with one. */
  private String token(String name) {
    JsonField field = settings.field(name);
    if (!field.present()) {
      return "";
    }
    return field.isString() ? field.string() : field.object().field("content").string("");
  }

  private void chatTemplate() {
    Path file = folder.resolve("chat_template.jinja");
    JsonField field = settings.field("chat_template");
    try {
      if (Files.exists(file)) {
        metadata.put("tokenizer.chat_template", GgufValue.of(Files.readString(file)));
      } else if (field.present() && field.isString()) {
        metadata.put("tokenizer.chat_template", GgufValue.of(field.string()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
