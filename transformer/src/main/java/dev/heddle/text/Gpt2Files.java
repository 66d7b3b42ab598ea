package dev.heddle.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * GPT-2's tokenizer as its two files: a JSON object of tokens and their numbers ({@code
 * vocab.json}, first {@code encoder.json}) and the merges, a line each ({@code merges.txt}, first
 * {@code vocab.bpe}). Other models have such files too, whose special tokens these do not tell:
 * they are refused.
 */
record Gpt2Files(Path vocabulary, Path merges) {
  private static final String END = "<|endoftext|>";

  /** The files in {@code folder}, if both are there. */
  static Optional<Gpt2Files> in(Path folder) {
    return Stream.of(
            new Gpt2Files(folder.resolve("vocab.json"), folder.resolve("merges.txt")),
            new Gpt2Files(folder.resolve("encoder.json"), folder.resolve("vocab.bpe")))
        .filter(files -> Files.isRegularFile(files.vocabulary))
        .filter(files -> Files.isRegularFile(files.merges))
        .findFirst();
  }

  /**
   * What they say.
   *
   * @throws TokenizerException if one cannot be read, or they are not GPT-2's
   */
  Vocabulary read() {
    Map<Integer, String> tokens = tokens();
    int end = 0;
    for (int id = 0; id < tokens.size(); id++) {
      if (!tokens.containsKey(id)) {
        throw wrong(
            vocabulary, "has %d tokens, and none of the number %d".formatted(tokens.size(), id));
      }
      end = tokens.get(id).equals(END) ? id : end;
    }
    if (!END.equals(tokens.get(end))) {
      throw wrong(
          vocabulary,
          "has no token %s, so it is not GPT-2's; save the tokenizer as a tokenizer.json"
              .formatted(END));
    }
    return new Vocabulary(
        vocabulary.toString(),
        List.copyOf(tokens.values()),
        new Scheme.BytePairs(PreTokenizer.of("gpt-2", vocabulary.toString()), mergeLines()),
        List.of(new AddedToken(end, true, false, false)),
        List.of(),
        List.of());
  }

  private Map<Integer, String> tokens() {
    Map<Integer, String> tokens = new TreeMap<>();
    try (JsonParser json = new JsonFactory().createParser(text(vocabulary))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw wrong(vocabulary, "is no JSON object");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String token = json.currentName();
        if (json.nextToken() != JsonToken.VALUE_NUMBER_INT) {
          throw wrong(vocabulary, "has no number for the token \"%s\"".formatted(token));
        }
        String other = tokens.putIfAbsent(json.getIntValue(), token);
        if (other != null) {
          throw wrong(
              vocabulary,
              "has the number %d for \"%s\" and for \"%s\""
                  .formatted(json.getIntValue(), other, token));
        }
      }
    } catch (JsonProcessingException e) {
      throw new TokenizerException(
          "%s: is not JSON: %s".formatted(vocabulary, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw unreadable(vocabulary, e);
    }
    return tokens;
  }

  private List<String> mergeLines() {
    List<String> lines = new ArrayList<>();
    for (String line : text(merges).lines().toList()) {
      boolean comment = lines.isEmpty() && line.startsWith("#version");
      if (!comment && !line.isBlank()) {
        int space = line.indexOf(' ');
        if (space <= 0 || space == line.length() - 1) {
          throw wrong(
              merges, "has \"%s\"; expected two tokens with a space between".formatted(line));
        }
        lines.add(line);
      }
    }
    return lines;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static TokenizerException unreadable(Path file, IOException e) {
    return new TokenizerException(file + ": cannot be read as UTF-8 text: " + e, e);
  }

  private static TokenizerException wrong(Path file, String reason) {
    return new TokenizerException(file + ": " + reason);
  }
}
