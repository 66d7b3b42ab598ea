package dev.heddle.task;

import dev.heddle.model.Head;
import dev.heddle.model.HeadSettings;
import dev.heddle.model.Model;
import dev.heddle.text.Encoding;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Finds what a text names: persons, places. Tokens with one label are joined, by {@code B-} and
 * {@code I-} before it, as transformers' pipeline does.
 *
 * {@snippet :
 * try (Entities entities = Entities.open("my-ner-model")) {
 *   entities.find("Ada lives in Turin.").forEach(System.out::println);
 * }
 * }
 *
 * <p>Safe for many threads.
 */
public final class Entities implements AutoCloseable {
  private static final String OUTSIDE = "O";

  private final HeadProgram program;
  private final HeadSettings settings;

  /** A token, or a word of several, and its label. */
  private record Piece(int start, int end, String label, double score) {
    /** The label without what says whether an entity begins. */
    String tag() {
      return label.startsWith("B-") || label.startsWith("I-") ? label.substring(2) : label;
    }

    boolean begins() {
      return label.startsWith("B-");
    }
  }

  private Entities(HeadProgram program) {
    this.program = program;
    this.settings = program.model().head();
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Entities open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws dev.heddle.model.ModelException if it has no head for token classification
   */
  public static Entities open(String reference, TaskOptions options) {
    return new Entities(HeadProgram.open(reference, Head.TOKEN_CLASSIFICATION, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Entities of(Model model, TaskOptions options) {
    return new Entities(HeadProgram.of(model, Head.TOKEN_CLASSIFICATION, options));
  }

  /** The entities of a text, words whole: {@link Aggregation#FIRST}. */
  public List<Entity> find(String text) {
    return find(text, Aggregation.FIRST);
  }

  /**
   * The entities of a text, in its order.
   *
   * @throws TextTooLongException if the text is longer than the model takes
   */
  public List<Entity> find(String text, Aggregation aggregation) {
    Encoding encoding = program.model().tokenizer().encode(Objects.requireNonNull(text, "text"));
    float[] logits = program.run(List.of(TokenIds.of(encoding)), TokenIds::size).getFirst();
    List<Entity> entities = new ArrayList<>();
    List<Piece> open = new ArrayList<>();
    for (Piece piece : pieces(text, encoding, logits, aggregation)) {
      boolean goesOn =
          !open.isEmpty() && open.getLast().tag().equals(piece.tag()) && !piece.begins();
      if (!goesOn) {
        close(text, open, entities);
      }
      open.add(piece);
    }
    close(text, open, entities);
    return entities;
  }

  private static void close(String text, List<Piece> open, List<Entity> to) {
    if (!open.isEmpty() && !open.getFirst().tag().equals(OUTSIDE)) {
      double score = open.stream().mapToDouble(Piece::score).average().orElseThrow();
      int start = open.getFirst().start();
      int end = open.getLast().end();
      to.add(new Entity(open.getFirst().tag(), text.substring(start, end), start, end, score));
    }
    open.clear();
  }

  private List<Piece> pieces(
      String text, Encoding encoding, float[] logits, Aggregation aggregation) {
    int labels = logits.length / encoding.size();
    boolean hashes = encoding.tokens().stream().anyMatch(token -> token.startsWith("##"));
    List<Piece> pieces = new ArrayList<>();
    List<double[]> word = new ArrayList<>();
    int start = 0;
    int end = 0;
    for (int i = 0; i < encoding.size(); i++) {
      if (encoding.special()[i]) {
        continue;
      }
      Encoding.Span span = encoding.spans().get(i);
      boolean inside =
          aggregation != Aggregation.SIMPLE
              && !word.isEmpty()
              && (hashes ? encoding.tokens().get(i).startsWith("##") : goesOn(text, end, span));
      if (!inside && !word.isEmpty()) {
        pieces.add(piece(start, end, word, aggregation));
        word.clear();
      }
      start = word.isEmpty() ? span.start() : start;
      end = span.end();
      word.add(Scores.softmax(logits, i * labels, labels));
    }
    if (!word.isEmpty()) {
      pieces.add(piece(start, end, word, aggregation));
    }
    return pieces;
  }

  /** Whether a token stands right behind the one before, with no space at either end. */
  private static boolean goesOn(String text, int end, Encoding.Span span) {
    return span.start() > 0
        && span.start() <= end
        && span.start() < text.length()
        && !Character.isWhitespace(text.charAt(span.start() - 1))
        && !Character.isWhitespace(text.charAt(span.start()));
  }

  private Piece piece(int start, int end, List<double[]> word, Aggregation aggregation) {
    double[] scores = word.getFirst();
    switch (aggregation) {
      case SIMPLE, FIRST -> {}
      case AVERAGE -> {
        scores = new double[scores.length];
        for (double[] token : word) {
          for (int id = 0; id < scores.length; id++) {
            scores[id] += token[id] / word.size();
          }
        }
      }
      case MAX -> {
        for (double[] token : word) {
          if (token[Scores.largest(token)] > scores[Scores.largest(scores)]) {
            scores = token;
          }
        }
      }
    }
    int id = Scores.largest(scores);
    return new Piece(start, end, Label.name(settings, id), scores[id]);
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
