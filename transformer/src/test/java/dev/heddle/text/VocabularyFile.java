package dev.heddle.text;

import dev.heddle.weights.GgufBytes;
import dev.heddle.weights.InMemory;
import java.util.Collections;
import java.util.List;

/** Writes the vocabulary of a GGUF file by hand, right or wrong. */
final class VocabularyFile {
  private static final int INT8 = 1;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final GgufBytes values = new GgufBytes();
  private int count;

  static VocabularyFile of(String model, String... tokens) {
    return new VocabularyFile().text("model", model).texts("tokens", List.of(tokens));
  }

  /** A character for each byte, as GPT-2 has them, then {@code more}. */
  static VocabularyFile ofBytes(String pre, String... more) {
    List<String> tokens = new java.util.ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(byteCharacter(b));
    }
    Collections.addAll(tokens, more);
    VocabularyFile file = of("gpt2", tokens.toArray(String[]::new));
    return pre == null ? file : file.text("pre", pre);
  }

  private static String byteCharacter(int b) {
    int next = 256;
    for (int each = 0; each <= b; each++) {
      boolean printed = each > 32 && each < 127 || each > 160 && each != 173;
      if (each == b) {
        return Character.toString(printed ? b : next);
      }
      next += printed ? 0 : 1;
    }
    throw new IllegalArgumentException("no byte: " + b);
  }

  VocabularyFile text(String key, String value) {
    key(key, STRING).string(value);
    return this;
  }

  VocabularyFile flag(String key, boolean value) {
    key(key, BOOL).u8(value ? 1 : 0);
    return this;
  }

  VocabularyFile id(String key, int value) {
    key(key, UINT32).u32(value);
    return this;
  }

  VocabularyFile texts(String key, List<String> values) {
    GgufBytes array = key(key, ARRAY).u32(STRING).u64(values.size());
    values.forEach(array::string);
    return this;
  }

  VocabularyFile merges(String... merges) {
    return texts("merges", List.of(merges));
  }

  VocabularyFile scores(float... scores) {
    GgufBytes array = key("scores", ARRAY).u32(FLOAT32).u64(scores.length);
    for (float score : scores) {
      array.u32(Float.floatToRawIntBits(score));
    }
    return this;
  }

  VocabularyFile kinds(TokenKind... kinds) {
    GgufBytes array = key("token_type", ARRAY).u32(INT32).u64(kinds.length);
    for (TokenKind kind : kinds) {
      array.u32(kind.ordinal());
    }
    return this;
  }

  VocabularyFile charsMap(byte[] map) {
    key("precompiled_charsmap", ARRAY).u32(INT8).u64(map.length).raw(map);
    return this;
  }

  VocabularyFile chatTemplate(String template) {
    count++;
    values.string("tokenizer.chat_template").u32(STRING).string(template);
    return this;
  }

  private GgufBytes key(String key, int type) {
    count++;
    return values.string("tokenizer.ggml." + key).u32(type);
  }

  /** The file. */
  byte[] bytes() {
    return GgufBytes.header(0, count).raw(values.end()).end();
  }

  GgufVocabulary read() {
    return GgufVocabulary.of("model.gguf", InMemory.metadata(bytes()));
  }
}
