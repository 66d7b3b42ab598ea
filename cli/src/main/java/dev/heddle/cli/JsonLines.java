package dev.heddle.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file with a JSON value a line, read line by line. */
final class JsonLines {
  /** The name that standard input goes by. */
  static final String STANDARD_INPUT = "-";

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String option;
  private final String file;

  /** The file that {@code option} names. */
  JsonLines(String option, String file) {
    this.option = option;
    this.file = file;
  }

  /** Told of each line. */
  interface Reader {
    /** A value; what it refuses with {@link IllegalArgumentException} is the line's fault. */
    void line(JsonNode value);
  }

  /** Reads all lines; what is wrong is said with the number of the line. */
  void read(Reader reader) throws IOException {
    if (file.equals(STANDARD_INPUT)) {
      read(System.in, reader);
      return;
    }
    try (InputStream stream = Files.newInputStream(Path.of(file))) {
      read(stream, reader);
    } catch (NoSuchFileException e) {
      throw new BadInputException("%s %s: there is no such file".formatted(option, file), e);
    } catch (CharacterCodingException e) {
      throw new BadInputException("%s %s: is not UTF-8 text".formatted(option, file), e);
    } catch (IOException e) {
      throw new BadInputException(
          "%s %s: cannot be read: %s".formatted(option, file, e.getMessage()), e);
    }
  }

  private void read(InputStream stream, Reader reader) throws IOException {
    var lines =
        new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8.newDecoder()));
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      try {
        reader.line(JSON.readTree(line));
      } catch (JsonProcessingException e) {
        int column = e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
        throw wrong(number, "is no JSON value: see column " + column, e);
      } catch (IllegalArgumentException e) {
        throw wrong(number, e.getMessage(), e);
      }
    }
  }

  private BadInputException wrong(int number, String reason, Exception cause) {
    return new BadInputException(
        "%s %s: line %d %s".formatted(option, file, number, reason), cause);
  }
}
