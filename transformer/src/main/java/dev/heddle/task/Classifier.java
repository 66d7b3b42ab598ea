package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Head;
import dev.heddle.model.HeadSettings;
import dev.heddle.model.Model;
import dev.heddle.text.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Says of a text, or of a pair of texts, which labels it has.
 *
 * {@snippet :
 * try (Classifier classifier = Classifier.open("sentiment-bert")) {
 *   System.out.println(classifier.classify("What a lovely dinner.").getFirst());
 * }
 * }
 *
 * <p>Scores are what the configuration's {@code problem_type} says: of one label the probabilities
 * of all, which add up to 1; of any labels each one's own; of a regression the quantity. Where it
 * says nothing, several labels exclude each other, and one has a probability of its own.
 *
 * <p>Safe for many threads.
 */
public final class Classifier implements AutoCloseable {
  private final HeadProgram program;
  private final HeadSettings settings;

  private Classifier(HeadProgram program) {
    this.program = program;
    this.settings = program.model().head();
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Classifier open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws dev.heddle.model.ModelException if it has no head for sequence classification
   */
  public static Classifier open(String reference, TaskOptions options) {
    return new Classifier(HeadProgram.open(reference, Head.SEQUENCE_CLASSIFICATION, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Classifier of(Model model, TaskOptions options) {
    return new Classifier(HeadProgram.of(model, Head.SEQUENCE_CLASSIFICATION, options));
  }

  /** All labels of a text, the highest score first. */
  public List<Label> classify(String text) {
    return classify(List.of(text)).getFirst();
  }

  /** All labels of a pair of texts, the highest score first. */
  public List<Label> classify(String text, String pair) {
    Tokenizer tokenizer = program.model().tokenizer();
    return labels(List.of(TokenIds.of(tokenizer.encode(text, pair, true)))).getFirst();
  }

  /**
   * All labels of each text, the highest score first.
   *
   * @throws TextTooLongException if a text is longer than the model takes
   * @throws InvalidInputException if a text has no tokens
   */
  public List<List<Label>> classify(List<String> texts) {
    Tokenizer tokenizer = program.model().tokenizer();
    return labels(texts.stream().map(tokenizer::encodeIds).map(TokenIds::of).toList());
  }

  /** The same of tokens, special ones included. */
  public List<Label> classifyIds(int[] ids) {
    return labels(List.of(TokenIds.of(ids))).getFirst();
  }

  List<List<Label>> labels(List<TokenIds> sequences) {
    List<List<Label>> results = new ArrayList<>();
    for (float[] logits : program.run(sequences, sequence -> 1)) {
      double[] scores = scores(logits);
      List<Label> labels = new ArrayList<>();
      for (int id = 0; id < logits.length; id++) {
        labels.add(new Label(Label.name(settings, id), id, scores[id], logits[id]));
      }
      labels.sort(Comparator.comparingDouble(Label::score).reversed());
      results.add(List.copyOf(labels));
    }
    return results;
  }

  private double[] scores(float[] logits) {
    HeadSettings.Problem problem = settings.problem();
    if (problem == HeadSettings.Problem.UNSTATED) {
      problem =
          logits.length == 1 ? HeadSettings.Problem.ANY_LABELS : HeadSettings.Problem.ONE_LABEL;
    }
    return switch (problem) {
      case ONE_LABEL, UNSTATED -> Scores.softmax(logits, 0, logits.length);
      case ANY_LABELS -> {
        double[] each = new double[logits.length];
        for (int i = 0; i < each.length; i++) {
          each[i] = Scores.sigmoid(logits[i]);
        }
        yield each;
      }
      case REGRESSION -> {
        double[] each = new double[logits.length];
        for (int i = 0; i < each.length; i++) {
          each[i] = logits[i];
        }
        yield each;
      }
    };
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
