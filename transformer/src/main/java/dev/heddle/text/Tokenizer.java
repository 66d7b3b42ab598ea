package dev.heddle.text;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * A Hugging Face tokenizer, as its {@code tokenizer.json} describes it, through the library that
 * Hugging Face wrote for such files. Truncation and padding that the file may ask for are off:
 * every text is encoded whole.
 *
 * <p>Safe for many threads. {@link #close()} waits for calls in flight; later ones throw {@link
 * IllegalStateException}.
 */
public final class Tokenizer implements AutoCloseable {
  private final TokenizersLibrary library;
  private final long handle;
  private final String source;
  private final ReentrantReadWriteLock lifetime = new ReentrantReadWriteLock();
  private boolean closed;

  private Tokenizer(TokenizersLibrary library, long handle, String source) {
    this.library = library;
    this.handle = handle;
    this.source = source;
  }

  /**
   * The tokenizer of a file.
   *
   * @throws TokenizerException if the file is not there, or describes no tokenizer
   */
  public static Tokenizer open(Path file) {
    try {
      return of(Files.readString(file), file.toString());
    } catch (NoSuchFileException e) {
      throw new TokenizerException(file + ": there is no such file", e);
    } catch (IOException e) {
      throw new TokenizerException(
          file + ": cannot be read as UTF-8 text; expected a tokenizer.json of Hugging Face's", e);
    }
  }

  /**
   * The tokenizer that {@code json} describes.
   *
   * @param source where it comes from, for errors
   * @throws TokenizerException if it describes none, or the native library cannot be loaded
   */
  public static Tokenizer of(String json, String source) {
    TokenizerJson.check(json, source);
    return load(json, source);
  }

  /** The same of a {@code tokenizer.json} that is known to be well formed. */
  static Tokenizer load(String json, String source) {
    TokenizersLibrary library = NativeTokenizers.library();
    try {
      long handle = library.createTokenizerFromString(json);
      library.disableTruncation(handle);
      library.disablePadding(handle);
      return new Tokenizer(library, handle, source);
    } catch (RuntimeException e) {
      throw new TokenizerException(
          source + ": describes no tokenizer that can be loaded: " + e.getMessage(), e);
    }
  }

  /** Where this comes from. */
  public String source() {
    return source;
  }

  /** {@code text} with the special tokens that the model wants around it. */
  public Encoding encode(String text) {
    return encode(text, true);
  }

  /** {@code text}, with or without special tokens around it. */
  public Encoding encode(String text, boolean addSpecialTokens) {
    Objects.requireNonNull(text, "text");
    String valid = valid(text);
    return locked(() -> encoding(library.encode(handle, valid, addSpecialTokens), true, valid));
  }

  /**
   * {@code text} with special tokens, without the tokens' spellings and places: what a model needs,
   * in two thirds of the time.
   */
  public Encoding encodeIds(String text) {
    String valid = valid(Objects.requireNonNull(text, "text"));
    return locked(() -> encoding(library.encode(handle, valid, true), false, valid));
  }

  /** A pair of texts, as a model of two segments wants it; spans are each in its own text. */
  public Encoding encode(String text, String pair, boolean addSpecialTokens) {
    String first = valid(Objects.requireNonNull(text, "text"));
    String second = valid(Objects.requireNonNull(pair, "pair"));
    return locked(() ->
        encoding(library.encodeDual(handle, first, second, addSpecialTokens), true, first, second));
  }

  /**
   * The text of {@code ids}. Ids that the vocabulary does not have are passed over, as Hugging
   * Face's library does.
   *
   * @param skipSpecialTokens leaves tokens out that the file declares special
   * @throws TokenizerException if an id is negative
   */
  public String decode(int[] ids, boolean skipSpecialTokens) {
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0) {
        throw new TokenizerException(
            "id %d at position %d: ids are not negative".formatted(ids[i], i));
      }
      wide[i] = ids[i];
    }
    return locked(() -> library.decode(handle, wide, skipSpecialTokens));
  }

  /** An action under the lock that holds {@link #close} off, its failures typed. */
  private <T> T locked(Supplier<T> action) {
    lifetime.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("the tokenizer of " + source + " was closed");
      }
      return action.get();
    } catch (IllegalStateException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new TokenizerException(source + ": " + e.getMessage(), e);
    } finally {
      lifetime.readLock().unlock();
    }
  }

  /** Copies the library's encoding of {@code texts}, and frees it. */
  private Encoding encoding(long encoded, boolean whole, String... texts) {
    try {
      long[] ids = library.getTokenIds(encoded);
      long[] types = library.getTypeIds(encoded);
      long[] added = library.getSpecialTokenMask(encoded);
      boolean[] special = new boolean[ids.length];
      for (int i = 0; i < special.length; i++) {
        special[i] = added[i] != 0;
      }
      List<String> tokens = whole ? List.of(library.getTokens(encoded)) : List.of();
      List<Encoding.Span> spans = whole ? spans(encoded, texts) : List.of();
      return new Encoding(narrow(ids), narrow(types), tokens, spans, special);
    } finally {
      library.deleteEncoding(encoded);
    }
  }

  private List<Encoding.Span> spans(long encoded, String... texts) {
    CodePoints[] points = Arrays.stream(texts).map(CodePoints::new).toArray(CodePoints[]::new);
    CharSpan[] spans = library.getTokenCharSpans(encoded);
    long[] sequences = library.getSequenceIds(encoded);
    List<Encoding.Span> result = new ArrayList<>(spans.length);
    for (int i = 0; i < spans.length; i++) {
      // A token that was added has neither a span nor a text.
      result.add(
          spans[i] == null
              ? Encoding.Span.NONE
              : points[Math.max(0, (int) sequences[i])].span(spans[i]));
    }
    return List.copyOf(result);
  }

  private static int[] narrow(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }

  /** Turns offsets in code points, which the library counts, into offsets in Java chars. */
  private static final class CodePoints {
    /** Chars before each code point; null where every code point is one char. */
    private final int[] chars;

    CodePoints(String text) {
      int count = text.codePointCount(0, text.length());
      if (count == text.length()) {
        chars = null;
        return;
      }
      chars = new int[count + 1];
      for (int i = 0, at = 0; i < count; i++) {
        at += Character.charCount(text.codePointAt(at));
        chars[i + 1] = at;
      }
    }

    Encoding.Span span(CharSpan span) {
      return chars == null
          ? new Encoding.Span(span.getStart(), span.getEnd())
          : new Encoding.Span(chars[span.getStart()], chars[span.getEnd()]);
    }
  }

  /** {@code text} with U+FFFD for halves of surrogate pairs, which UTF-8 cannot say. */
  private static String valid(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i)) && text.codePointAt(i) == text.charAt(i)) {
        return repaired(text);
      }
      if (Character.isHighSurrogate(text.charAt(i))) {
        i++;
      }
    }
    return text;
  }

  private static String repaired(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  /** Waits for calls in flight, then frees the native memory. */
  @Override
  public void close() {
    lifetime.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        library.deleteTokenizer(handle);
      }
    } finally {
      lifetime.writeLock().unlock();
    }
  }
}
