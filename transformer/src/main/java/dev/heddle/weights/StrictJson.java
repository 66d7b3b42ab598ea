package dev.heddle.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Reads JSON text that nobody vouches for, token by token, in bounded memory: strict UTF-8, no byte
 * order mark, no NUL, no name twice in an object that is walked, no deep nesting. What is wrong
 * becomes a {@link WeightFileException} with the byte of the file where it is.
 */
final class StrictJson implements AutoCloseable {
  private static final int DEEPEST = 64;
  private static final int LONGEST_NUMBER = 100;

  private final Path file;
  private final long start;
  private final JsonParser parser;

  /** What to do with one field of an object; the parser stands on its value. */
  interface Field {
    void read(String name) throws IOException;
  }

  /** What to do with one entry of an array; the parser stands on it. */
  interface Entry {
    void read() throws IOException;
  }

  private StrictJson(Path file, long start, JsonParser parser) {
    this.file = file;
    this.start = start;
    this.parser = parser;
  }

  /** Text that begins {@code start} bytes into {@code file}; {@code field} names it in errors. */
  static StrictJson of(Path file, long start, String field, byte[] text) {
    checkText(file, start, field, text);
    // A factory of its own: it keeps every name it has met, and these may be hostile.
    JsonFactory factory =
        JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNumberLength(LONGEST_NUMBER)
                    .maxStringLength(Math.max(1, text.length))
                    .maxNameLength(Math.max(1, text.length))
                    .build())
            .build();
    try {
      return new StrictJson(file, start, factory.createParser(text));
    } catch (IOException e) {
      throw WeightFileException.at(file, start, field, "is not JSON: " + e.getMessage(), e);
    }
  }

  private static void checkText(Path file, long start, String field, byte[] text) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer bytes = ByteBuffer.wrap(text);
    CharBuffer characters = CharBuffer.allocate(Math.min(8192, text.length + 1));
    CoderResult result;
    do {
      characters.clear();
      result = decoder.decode(bytes, characters, true);
      if (result.isError()) {
        long offset = start + bytes.position();
        throw WeightFileException.at(file, offset, field, "is not valid UTF-8");
      }
    } while (result.isOverflow());
    // A NUL among the first bytes would pass for UTF-16.
    for (int i = 0; i < text.length; i++) {
      if (text[i] == 0) {
        throw WeightFileException.at(file, start + i, field, "holds a NUL byte; expected JSON");
      }
    }
  }

  /** Walks the one object that the text is; after it only white space may follow. */
  void root(String field, Field each) {
    try {
      parser.nextToken();
      object(field, each);
      if (parser.nextToken() != null) {
        throw wrong(field, "has more text after its end");
      }
    } catch (JsonProcessingException e) {
      long offset = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
      throw WeightFileException.at(
          file, start + offset, field, "is not valid JSON: " + firstLine(e), e);
    } catch (IOException e) {
      throw WeightFileException.of(file, field + ": cannot be read: " + e, e);
    }
  }

  /** Walks the object the parser stands on. */
  void object(String field, Field each) throws IOException {
    expect(JsonToken.START_OBJECT, field, "an object");
    Set<String> names = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      if (!names.add(name)) {
        throw wrong(field, "has the name " + WeightFileException.quote(name) + " twice");
      }
      if (!isText(name)) {
        throw wrong(
            field, "has the name " + WeightFileException.quote(name) + ", which is not text");
      }
      parser.nextToken();
      each.read(name);
    }
  }

  /** Walks the array the parser stands on. */
  void array(String field, Entry each) throws IOException {
    expect(JsonToken.START_ARRAY, field, "an array");
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      each.read();
    }
  }

  /** The string the parser stands on. */
  String string(String field) throws IOException {
    expect(JsonToken.VALUE_STRING, field, "a string");
    String text = parser.getText();
    if (!isText(text)) {
      throw wrong(field, "is " + WeightFileException.quote(text) + ", which is not text");
    }
    return text;
  }

  /** The whole number from 0 to 2^63 - 1 the parser stands on. */
  long whole(String field) throws IOException {
    expect(JsonToken.VALUE_NUMBER_INT, field, "a whole number");
    boolean fits = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
    if (!fits || parser.getText().startsWith("-")) {
      throw wrong(field, "is " + parser.getText() + "; expected a whole number, 0 to 2^63 - 1");
    }
    return parser.getLongValue();
  }

  /** The string, number or truth value the parser stands on; anything else is passed over. */
  Optional<Object> scalar() throws IOException {
    return switch (parser.currentToken()) {
      case VALUE_STRING -> Optional.of(parser.getText());
      case VALUE_TRUE, VALUE_FALSE -> Optional.of(parser.getBooleanValue());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
        Number number = parser.getNumberValue();
        yield Optional.of(number instanceof Integer ? (Object) number.longValue() : number);
      }
      default -> {
        skip();
        yield Optional.empty();
      }
    };
  }

  /** True if the parser stands on {@code null}. */
  boolean isNull() {
    return parser.currentToken() == JsonToken.VALUE_NULL;
  }

  /** Passes over the value the parser stands on, whatever it is. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** Bytes from the beginning of the file to the token the parser stands on. */
  long offset() {
    return start + Math.max(0, parser.currentTokenLocation().getByteOffset());
  }

  /** Says that {@code field}, where the parser stands, is wrong. */
  WeightFileException wrong(String field, String reason) {
    return WeightFileException.at(file, offset(), field, reason);
  }

  private void expect(JsonToken token, String field, String what) throws IOException {
    if (parser.currentToken() != token) {
      throw wrong(field, "is " + found() + "; expected " + what);
    }
  }

  private String found() throws IOException {
    return switch (parser.currentToken()) {
      case null -> "empty";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> WeightFileException.quote(parser.getText());
      default -> parser.getText();
    };
  }

  /** False for a NUL, which programs in C take for the end, and for half of a surrogate pair. */
  private static boolean isText(String text) {
    for (int i = 0; i < text.length(); ) {
      int character = text.codePointAt(i);
      if (character == 0 || Character.getType(character) == Character.SURROGATE) {
        return false;
      }
      i += Character.charCount(character);
    }
    return true;
  }

  private static String firstLine(JsonProcessingException e) {
    return e.getOriginalMessage().lines().findFirst().orElse("");
  }

  @Override
  public void close() {
    try {
      parser.close();
    } catch (IOException e) {
      throw WeightFileException.of(file, "cannot be closed: " + e, e);
    }
  }
}
