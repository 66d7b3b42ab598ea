package dev.heddle.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.Base64;

/**
 * Checks that a text is JSON before the native library reads it. Of what is none, the library
 * (tokenizers 0.21, in {@code decoders/mod.rs}) does not say so: it panics, which ends the process.
 * So everything is refused here that Rust's {@code serde_json} refuses, and a {@link CharsMap} that
 * leads astray.
 */
final class TokenizerJson {
  /** {@code serde_json} goes 127 deep; tokenizers do 10. */
  private static final int DEEPEST = 64;

  private TokenizerJson() {}

  /**
   * Passes if {@code json} is one JSON value that {@code serde_json} reads.
   *
   * @param source where it comes from, for errors
   */
  static void check(String json, String source) {
    // A factory of its own that keeps no names: a vocabulary holds hundreds of thousands.
    JsonFactory factory =
        JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNameLength(Math.max(1, json.length()))
                    .maxStringLength(Math.max(1, json.length()))
                    .build())
            .build();
    try (JsonParser parser = factory.createParser(json)) {
      int depth = 0;
      JsonToken token = parser.nextToken();
      if (token != JsonToken.START_OBJECT) {
        throw wrong(source, parser, "it is no JSON object");
      }
      do {
        check(token, parser, source);
        checkCharsMap(token, parser, source);
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        token = parser.nextToken();
      } while (depth > 0);
      if (token != null) {
        throw wrong(source, parser, "more text follows the object");
      }
      String half = BpePrefixes.uncuttable(factory, json);
      if (half != null) {
        throw new TokenizerException(
            "%s: describes no tokenizer: the merge with \"%s\" cannot lose continuing_subword_prefix"
                .formatted(source, half));
      }
    } catch (JsonProcessingException e) {
      throw new TokenizerException(
          source + ": is not JSON: " + e.getOriginalMessage() + " at " + place(e), e);
    } catch (IOException e) {
      throw new TokenizerException(source + ": cannot be read: " + e, e);
    }
  }

  private static String place(JsonProcessingException e) {
    return e.getLocation() == null
        ? "an unknown place"
        : "line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
  }

  private static void check(JsonToken token, JsonParser parser, String source) throws IOException {
    switch (token) {
      case FIELD_NAME, VALUE_STRING -> {
        if (!isText(parser.getText())) {
          throw wrong(source, parser, "a string holds half of a surrogate pair");
        }
      }
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        if (!Double.isFinite(Double.parseDouble(parser.getText()))) {
          throw wrong(source, parser, "the number " + parser.getText() + " is too large");
        }
      }
      default -> {}
    }
  }

  private static void checkCharsMap(JsonToken token, JsonParser parser, String source)
      throws IOException {
    if (token == JsonToken.VALUE_STRING && "precompiled_charsmap".equals(parser.currentName())) {
      String wrong;
      try {
        wrong = CharsMap.wrong(Base64.getDecoder().decode(parser.getText()));
      } catch (IllegalArgumentException e) {
        wrong = "is not in Base64";
      }
      if (wrong != null) {
        throw wrong(source, parser, "precompiled_charsmap " + wrong);
      }
    }
  }

  private static boolean isText(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (text.codePointAt(i) == c) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  private static TokenizerException wrong(String source, JsonParser parser, String reason) {
    return new TokenizerException(
        "%s: describes no tokenizer: %s at line %d, column %d"
            .formatted(
                source,
                reason,
                parser.currentTokenLocation().getLineNr(),
                parser.currentTokenLocation().getColumnNr()));
  }
}
