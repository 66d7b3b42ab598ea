package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Head;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.text.Encoding;
import dev.heddle.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Guesses the words that are masked in a text.
 *
 * {@snippet :
 * try (FillMask fill = FillMask.open("my-bert")) {
 *   fill.fill("A heddle leads the [MASK].", 5).getFirst().forEach(System.out::println);
 * }
 * }
 *
 * <p>Safe for many threads.
 */
public final class FillMask implements AutoCloseable {
  private static final List<String> SPELLINGS = List.of("[MASK]", "<mask>");

  private final HeadProgram program;
  private final String mask;
  private final int maskId;

  /**
   * A guess.
   *
   * @param token as the vocabulary has it, decoded
   * @param id its number
   * @param score its probability
   * @param text the whole text with this guess, other masks as they are
   */
  public record Guess(String token, int id, double score, String text) {}

  private FillMask(HeadProgram program) {
    this.program = program;
    Tokenizer tokenizer = program.model().tokenizer();
    String found = null;
    int id = -1;
    for (String spelling : SPELLINGS) {
      int[] ids = tokenizer.encode(spelling, false).ids();
      if (found == null && ids.length == 1 && tokenizer.decode(ids, false).equals(spelling)) {
        found = spelling;
        id = ids[0];
      }
    }
    if (found == null) {
      program.close();
      throw new ModelException(
          "the tokenizer of %s has no token for a gap; expected one of %s"
              .formatted(program.model().name(), String.join(", ", SPELLINGS)));
    }
    this.mask = found;
    this.maskId = id;
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static FillMask open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws ModelException if it has no head for masked words, or no token for a gap
   */
  public static FillMask open(String reference, TaskOptions options) {
    return new FillMask(HeadProgram.open(reference, Head.MASKED_LM, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static FillMask of(Model model, TaskOptions options) {
    return new FillMask(HeadProgram.of(model, Head.MASKED_LM, options));
  }

  /** How the model's gaps are written: {@code [MASK]}. */
  public String mask() {
    return mask;
  }

  /**
   * The likeliest words for each gap of a text, likeliest first.
   *
   * @param count words for each gap
   * @throws InvalidInputException if the text has no gap
   * @throws TextTooLongException if the text is longer than the model takes
   */
  public List<List<Guess>> fill(String text, int count) {
    Tokenizer tokenizer = program.model().tokenizer();
    Encoding encoding = tokenizer.encode(Objects.requireNonNull(text, "text"));
    int[] ids = encoding.ids();
    int[] gaps = IntStream.range(0, ids.length).filter(i -> ids[i] == maskId).toArray();
    if (gaps.length == 0) {
      throw new InvalidInputException(
          "the text has no %s; expected one where a word is to be guessed".formatted(mask));
    }
    float[] rows = program.rows(TokenIds.of(encoding), gaps);
    int vocabulary = rows.length / gaps.length;
    List<List<Guess>> results = new ArrayList<>();
    for (int gap = 0; gap < gaps.length; gap++) {
      double[] scores = Scores.softmax(rows, gap * vocabulary, vocabulary);
      Encoding.Span place = encoding.spans().get(gaps[gap]);
      results.add(
          IntStream.range(0, vocabulary)
              .boxed()
              .sorted((a, b) -> Double.compare(scores[b], scores[a]))
              .limit(count)
              .map(id -> guess(tokenizer, text, place, id, scores[id]))
              .toList());
    }
    return results;
  }

  private static Guess guess(
      Tokenizer tokenizer, String text, Encoding.Span place, int id, double score) {
    String token = tokenizer.decode(new int[] {id}, false).strip();
    String before = text.substring(0, place.start());
    return new Guess(token, id, score, before + token + text.substring(place.end()));
  }

  /** The model. */
  public Model model() {
    return program.model();
  }

  /** Which backend was taken, and why. */
  public String reason() {
    return program.reason();
  }

  /** The backend's name. */
  public String backend() {
    return program.backend();
  }

  @Override
  public void close() {
    program.close();
  }
}
