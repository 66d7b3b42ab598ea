package dev.heddle.text;

import dev.heddle.weights.GgufArray;
import dev.heddle.weights.GgufValueType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The metadata of a GGUF file that describe its tokenizer, each of the type it must have. */
final class GgufFields {
  private static final String PREFIX = "tokenizer.ggml.";

  private final String source;
  private final Map<String, Object> metadata;

  /** {@code source} is the file, for errors. */
  GgufFields(String source, Map<String, Object> metadata) {
    this.source = source;
    this.metadata = metadata;
  }

  String source() {
    return source;
  }

  /** Text under a key that is given whole, or nothing if it is absent or no text. */
  Optional<String> anyText(String key) {
    return metadata.get(key) instanceof String text ? Optional.of(text) : Optional.empty();
  }

  /** Text under a key after {@code tokenizer.ggml.}. */
  Optional<String> text(String key) {
    return Optional.ofNullable(typed(key, String.class, "a string"));
  }

  boolean flag(String key, boolean otherwise) {
    Boolean flag = typed(key, Boolean.class, "a truth value");
    return flag == null ? otherwise : flag;
  }

  /**
   * The number of a token under the first of these keys that has one; one there is none of is
   * passed over.
   */
  OptionalInt id(int tokens, String... keys) {
    for (String key : keys) {
      if (metadata.get(PREFIX + key) instanceof Long id && id >= 0 && id < tokens) {
        return OptionalInt.of(id.intValue());
      }
    }
    return OptionalInt.empty();
  }

  boolean has(String key) {
    return metadata.containsKey(PREFIX + key);
  }

  List<String> texts(String key) {
    GgufArray array = array(key);
    if (array.elementType() != GgufValueType.STRING) {
      throw wrong(
          key, "holds elements of type %s; expected strings".formatted(array.elementType()));
    }
    List<String> texts = new ArrayList<>(array.size());
    array.forEach(text -> texts.add((String) text));
    return texts;
  }

  /** A number for each of {@code tokens}. */
  float[] scores(String key, int tokens) {
    GgufArray array = array(key);
    checkSize(key, array, tokens);
    float[] scores = new float[tokens];
    for (int id = 0; id < tokens; id++) {
      if (!(array.get(id) instanceof Number score) || !Float.isFinite(score.floatValue())) {
        throw wrong(key, "has %s for token %d; expected a number".formatted(array.get(id), id));
      }
      scores[id] = score.floatValue();
    }
    return scores;
  }

  /** What each of {@code tokens} is. */
  TokenKind[] kinds(String key, int tokens) {
    GgufArray array = array(key);
    checkSize(key, array, tokens);
    TokenKind[] kinds = new TokenKind[tokens];
    for (int id = 0; id < tokens; id++) {
      if (!(array.get(id) instanceof Long kind)) {
        throw wrong(key, "has %s for token %d; expected an integer".formatted(array.get(id), id));
      }
      kinds[id] = TokenKind.of(kind);
    }
    return kinds;
  }

  byte[] bytes(String key) {
    GgufArray array = array(key);
    if (array.elementType() != GgufValueType.UINT8 && array.elementType() != GgufValueType.INT8) {
      throw wrong(key, "holds elements of type %s; expected bytes".formatted(array.elementType()));
    }
    byte[] bytes = new byte[array.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = ((Long) array.get(i)).byteValue();
    }
    return bytes;
  }

  /** Says what is wrong with what is under a key. */
  TokenizerException wrong(String key, String reason) {
    return new TokenizerException(
        "%s: metadata \"%s%s\" %s".formatted(source, PREFIX, key, reason));
  }

  private void checkSize(String key, GgufArray array, int tokens) {
    if (array.size() < tokens) {
      throw wrong(key, "has %d elements; there are %d tokens".formatted(array.size(), tokens));
    }
  }

  private GgufArray array(String key) {
    GgufArray array = typed(key, GgufArray.class, "an array");
    if (array == null) {
      throw wrong(key, "is missing");
    }
    return array;
  }

  private <T> T typed(String key, Class<T> type, String expected) {
    Object value = metadata.get(PREFIX + key);
    if (value != null && !type.isInstance(value)) {
      String found = value instanceof GgufArray ? "an array" : value.toString();
      throw wrong(key, "is %s; expected %s".formatted(found, expected));
    }
    return type.cast(value);
  }
}
