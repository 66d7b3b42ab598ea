package dev.heddle.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A whole file of UTF-8 text.
 *
 * @param text what it holds
 * @param bytes how many they are in the file
 */
record TextFile(String text, long bytes) {
  private static final String STANDARD_INPUT = "-";

  /**
   * Reads the file that {@code option} names; {@code -} is standard input.
   *
   * @throws BadInputException if it cannot be read, or is no such text
   */
  static TextFile read(String option, String file) {
    try {
      byte[] bytes = bytes(file);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return new TextFile(text, bytes.length);
    } catch (NoSuchFileException e) {
      throw new BadInputException("%s %s: there is no such file".formatted(option, file), e);
    } catch (CharacterCodingException e) {
      throw new BadInputException("%s %s: is not UTF-8 text".formatted(option, file), e);
    } catch (IOException e) {
      throw new BadInputException(
          "%s %s: cannot be read: %s".formatted(option, file, e.getMessage()), e);
    }
  }

  private static byte[] bytes(String file) throws IOException {
    if (!file.equals(STANDARD_INPUT)) {
      return Files.readAllBytes(Path.of(file));
    }
    InputStream in = System.in;
    return in.readAllBytes();
  }
}
