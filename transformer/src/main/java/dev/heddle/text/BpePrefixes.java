package dev.heddle.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * The second halves of byte-pair merges, where {@code continuing_subword_prefix} is to be cut off
 * them. The native library (tokenizers 0.21, {@code models/bpe/model.rs}) cuts as many bytes as the
 * prefix has without a look at the half: where it is shorter, or the cut falls inside a character,
 * the process ends.
 */
final class BpePrefixes {
  private BpePrefixes() {}

  /**
   * The first half that cannot be cut, or null if there is none.
   *
   * @param json JSON that was checked
   */
  static String uncuttable(JsonFactory factory, String json) throws IOException {
    Set<Integer> cuts = cuts(factory, json);
    if (cuts.isEmpty()) {
      return null;
    }
    try (JsonParser parser = factory.createParser(json)) {
      while (nextOfModel(parser, "merges")) {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
          parser.skipChildren();
          continue;
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          String half = second(parser);
          for (int cut : cuts) {
            if (half != null && !canCut(half, cut)) {
              return half;
            }
          }
        }
      }
    }
    return null;
  }

  /** What may be cut, in bytes: a file may, wrongly, have the field twice. */
  private static Set<Integer> cuts(JsonFactory factory, String json) throws IOException {
    Set<Integer> cuts = new HashSet<>();
    try (JsonParser parser = factory.createParser(json)) {
      while (nextOfModel(parser, "continuing_subword_prefix")) {
        if (parser.currentToken() == JsonToken.VALUE_STRING && !parser.getText().isEmpty()) {
          cuts.add(parser.getText().getBytes(StandardCharsets.UTF_8).length);
        }
        parser.skipChildren();
      }
    }
    return cuts;
  }

  /** Goes on to the next value that the object {@code model} has under {@code name}. */
  private static boolean nextOfModel(JsonParser parser, String name) throws IOException {
    while (parser.nextToken() != null) {
      if (parser.currentToken() == JsonToken.FIELD_NAME && parser.currentName().equals(name)) {
        var model = parser.getParsingContext().getParent();
        if (model != null && "model".equals(model.getCurrentName()) && model.getParent().inRoot()) {
          parser.nextToken();
          return true;
        }
      }
    }
    return false;
  }

  /**
   * The second half of the merge that the parser stands on, {@code "a b"} or {@code ["a", "b"]}.
   */
  private static String second(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      String merge = parser.getText();
      int space = merge.indexOf(' ');
      return space < 0 || merge.startsWith("#version") ? null : merge.substring(space + 1);
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      parser.skipChildren();
      return null;
    }
    String half = null;
    for (int i = 0; parser.nextToken() != JsonToken.END_ARRAY; i++) {
      if (i == 1 && parser.currentToken() == JsonToken.VALUE_STRING) {
        half = parser.getText();
      }
      parser.skipChildren();
    }
    return half;
  }

  private static boolean canCut(String half, int cut) {
    byte[] bytes = half.getBytes(StandardCharsets.UTF_8);
    return cut == bytes.length || cut < bytes.length && (bytes[cut] & 0xc0) != 0x80;
  }
}
