package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Head;
import dev.heddle.model.Model;
import dev.heddle.text.Encoding;
import dev.heddle.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Answers questions with words of a text.
 *
 * {@snippet :
 * try (Answerer answerer = Answerer.open("my-squad-model")) {
 *   System.out.println(answerer.answer("Who leads the warp?", "A heddle leads the warp.").text());
 * }
 * }
 *
 * <p>A text that is longer than a window is read in several, which overlap; the best answer of all
 * is taken. Probabilities are of starts and ends among all tokens of a window, as in transformers'
 * pipeline. Safe for many threads.
 */
public final class Answerer implements AutoCloseable {
  private final HeadProgram program;

  /** A window: its tokens, and of each the place in the text, or null outside of it. */
  private record Window(TokenIds tokens, Encoding.Span[] places) {}

  private Answerer(HeadProgram program) {
    this.program = program;
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Answerer open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws dev.heddle.model.ModelException if it has no head for question answering
   */
  public static Answerer open(String reference, TaskOptions options) {
    return new Answerer(HeadProgram.open(reference, Head.QUESTION_ANSWERING, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Answerer of(Model model, TaskOptions options) {
    return new Answerer(HeadProgram.of(model, Head.QUESTION_ANSWERING, options));
  }

  /** The best answer. */
  public Answer answer(String question, String context) {
    return answer(question, context, AnswerOptions.DEFAULT).getFirst();
  }

  /**
   * The best answers, best first.
   *
   * @throws InvalidInputException if the question or the text is empty, or the question leaves a
   *     window no room for the text
   */
  public List<Answer> answer(String question, String context, AnswerOptions options) {
    notBlank("question", question);
    notBlank("context", context);
    List<Window> windows = windows(question, context, options);
    List<float[]> rows = program.run(windows.stream().map(Window::tokens).toList(), TokenIds::size);
    List<Answer> answers = new ArrayList<>();
    double none = 1;
    for (int i = 0; i < windows.size(); i++) {
      none = Math.min(none, find(context, windows.get(i), rows.get(i), options, answers));
    }
    if (options.mayBeNone()) {
      answers.add(new Answer("", 0, 0, none));
    }
    // Overlapping windows find the same words twice.
    return answers.stream()
        .sorted(Comparator.comparingDouble(Answer::score).reversed())
        .filter(new Places()::add)
        .limit(options.count())
        .toList();
  }

  /** Places that have been seen. */
  private static final class Places {
    private final Set<Encoding.Span> seen = new HashSet<>();

    boolean add(Answer answer) {
      return seen.add(new Encoding.Span(answer.start(), answer.end()));
    }
  }

  private static void notBlank(String what, String text) {
    if (Objects.requireNonNull(text, what).isBlank()) {
      throw new InvalidInputException("the %s is empty; expected a text".formatted(what));
    }
  }

  private List<Window> windows(String question, String context, AnswerOptions options) {
    Tokenizer tokenizer = program.model().tokenizer();
    Encoding all = tokenizer.encode(question, context, true);
    int asked = tokenizer.encode(question, false).size();
    int fixed = all.specials() + asked;
    int longest = options.windowTokens() > 0 ? options.windowTokens() : 384;
    longest = Math.min(longest, program.contextLength());
    int overlap = options.overlap() > 0 ? options.overlap() : Math.min(longest / 2, 128);
    int texts = all.size() - fixed;
    if (texts == 0) {
      throw new InvalidInputException("the context has no tokens; expected a text with some");
    }
    int room = longest - fixed;
    boolean several = texts > room;
    if (several && room <= overlap) {
      throw new InvalidInputException(
          ("the question has %d tokens; of a window of %d that leaves %d for the text, of which"
                  + " windows share %d. Shorten it, or give a larger window or a smaller overlap")
              .formatted(asked, longest, Math.max(0, room), overlap));
    }
    List<Window> windows = new ArrayList<>();
    for (int from = 0; ; from += room - overlap) {
      windows.add(window(all, asked, from, Math.min(texts, from + room)));
      if (from + room >= texts) {
        return windows;
      }
    }
  }

  /** Everything but the text's tokens outside of {@code from} to {@code to}. */
  private static Window window(Encoding all, int asked, int from, int to) {
    int[] kept = new int[all.size()];
    int count = 0;
    List<Encoding.Span> places = new ArrayList<>();
    int own = 0;
    for (int i = 0; i < all.size(); i++) {
      int at = all.special()[i] ? -1 : own++ - asked;
      if (at < 0 || at >= from && at < to) {
        kept[count++] = i;
        places.add(at < 0 ? null : all.spans().get(i));
      }
    }
    int[] chosen = Arrays.copyOf(kept, count);
    return new Window(
        new TokenIds(
            IntStream.of(chosen).map(i -> all.ids()[i]).toArray(),
            IntStream.of(chosen).map(i -> all.typeIds()[i]).toArray()),
        places.toArray(Encoding.Span[]::new));
  }

  /**
   * Adds a window's best answers.
   *
   * @return the probability that it has none: that both start and end are at its first token
   */
  private static double find(
      String context, Window window, float[] rows, AnswerOptions options, List<Answer> to) {
    int count = window.tokens.size();
    Encoding.Span[] places = window.places;
    float[] starts = new float[count];
    float[] ends = new float[count];
    for (int i = 0; i < count; i++) {
      // The first token stands for "none" and takes part; the question does not.
      boolean open = i == 0 || places[i] != null;
      starts[i] = open ? rows[2 * i] : Float.NEGATIVE_INFINITY;
      ends[i] = open ? rows[2 * i + 1] : Float.NEGATIVE_INFINITY;
    }
    double[] start = Scores.softmax(starts, 0, count);
    double[] end = Scores.softmax(ends, 0, count);
    List<Answer> own = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      for (int j = i; places[i] != null && j < Math.min(count, i + options.maxTokens()); j++) {
        if (places[j] != null) {
          int first = places[i].start();
          int last = places[j].end();
          own.add(new Answer(context.substring(first, last), first, last, start[i] * end[j]));
        }
      }
    }
    own.sort(Comparator.comparingDouble(Answer::score).reversed());
    to.addAll(own.subList(0, Math.min(own.size(), options.count())));
    return start[0] * end[0];
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
