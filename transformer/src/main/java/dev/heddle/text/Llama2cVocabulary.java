package dev.heddle.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The vocabulary of llama2.c ({@code tokenizer.py}): the length of the longest token, then for each
 * token its score in float32, its length in bytes and its bytes, little-endian. It is
 * SentencePiece's, with spaces as they are and with lines around the tokens that begin and end a
 * text.
 */
final class Llama2cVocabulary {
  private static final int UNKNOWN = 0;
  private static final int BOS = 1;
  private static final int EOS = 2;
  private static final int LONGEST_FILE = 1 << 28;

  private final String source;
  private final ByteBuffer bytes;
  private final List<String> tokens = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();

  private Llama2cVocabulary(String source, byte[] bytes) {
    this.source = source;
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The vocabulary in a file.
   *
   * @throws TokenizerException if it is not there, or is none
   */
  static Vocabulary read(Path file) {
    try {
      if (Files.size(file) > LONGEST_FILE) {
        throw new TokenizerException(
            "%s: has %d bytes; a vocabulary of llama2.c has at most %d"
                .formatted(file, Files.size(file), LONGEST_FILE));
      }
      return of(Files.readAllBytes(file), file.toString());
    } catch (NoSuchFileException e) {
      throw new TokenizerException(file + ": there is no such file", e);
    } catch (IOException e) {
      throw new TokenizerException(file + ": cannot be read: " + e, e);
    }
  }

  /** The vocabulary that {@code bytes} are; {@code source} names it in errors. */
  static Vocabulary of(byte[] bytes, String source) {
    return new Llama2cVocabulary(source, bytes).read();
  }

  private Vocabulary read() {
    int longest = number("length of the longest token");
    while (bytes.hasRemaining()) {
      readToken(longest);
    }
    if (tokens.size() <= EOS) {
      throw wrong("holds %d tokens; the first three are <unk>, <s> and </s>", tokens.size());
    }
    float[] all = new float[scores.size()];
    for (int id = 0; id < all.length; id++) {
      all[id] = scores.get(id);
    }
    List<AddedToken> added = new ArrayList<>();
    for (int id : new int[] {UNKNOWN, BOS, EOS}) {
      added.add(new AddedToken(id, true, false, false));
    }
    return new Vocabulary(
        source,
        List.copyOf(tokens),
        new Scheme.SentencePiece(all, UNKNOWN, true),
        added,
        List.of(BOS),
        List.of());
  }

  private void readToken(int longest) {
    int id = tokens.size();
    int at = bytes.position();
    float score = Float.intBitsToFloat(number("score of token " + id));
    int length = number("length of token " + id);
    if (length <= 0 || length > longest || length > bytes.remaining()) {
      throw wrong(
          "token %d at byte %d claims %d bytes; the longest has %d, and %d follow",
          id, at, length, longest, bytes.remaining());
    }
    if (!Float.isFinite(score)) {
      throw wrong("token %d at byte %d has the score %s", id, at, score);
    }
    String token = text(id, length);
    // In the file of SentencePiece's, these are control tokens, and their lines are no part of
    // them.
    token = id == BOS || id == EOS ? token.strip() : token.replace(' ', '\u2581');
    Integer other = ids.putIfAbsent(token, id);
    if (other != null) {
      throw wrong("tokens %d and %d have one spelling, \"%s\"", other, id, token);
    }
    tokens.add(token);
    scores.add(score);
  }

  private String text(int id, int length) {
    ByteBuffer token = bytes.slice(bytes.position(), length);
    bytes.position(bytes.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(token).toString();
    } catch (CharacterCodingException e) {
      throw new TokenizerException(source + ": token " + id + " is not UTF-8", e);
    }
  }

  private int number(String what) {
    if (bytes.remaining() < Integer.BYTES) {
      throw wrong("ends within the %s", what);
    }
    return bytes.getInt();
  }

  private TokenizerException wrong(String reason, Object... values) {
    return new TokenizerException(source + ": " + reason.formatted(values));
  }
}
