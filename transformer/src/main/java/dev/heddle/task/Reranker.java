package dev.heddle.task;

import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.text.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Orders texts by how well they answer a query, both read together (a cross-encoder: Nogueira and
 * Cho, 2019, arXiv:1901.04085): slower than comparing vectors, and better. Safe for many threads.
 */
public final class Reranker implements AutoCloseable {
  private final Classifier classifier;

  private Reranker(Classifier classifier) {
    this.classifier = classifier;
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Reranker open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws ModelException if it has no head for sequence classification
   */
  public static Reranker open(String reference, TaskOptions options) {
    return new Reranker(Classifier.open(reference, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Reranker of(Model model, TaskOptions options) {
    return new Reranker(Classifier.of(model, options));
  }

  /**
   * The texts, best first.
   *
   * @throws ModelException if the model tells more than two labels apart, none of which is "fits"
   * @throws TextTooLongException if a pair is longer than the model takes
   */
  public List<Ranked> rank(String query, List<String> texts) {
    Tokenizer tokenizer = classifier.model().tokenizer();
    List<TokenIds> pairs =
        texts.stream().map(text -> TokenIds.of(tokenizer.encode(query, text, true))).toList();
    List<List<Label>> labels = classifier.labels(pairs);
    List<Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      ranked.add(new Ranked(i, texts.get(i), fits(labels.get(i))));
    }
    ranked.sort(Comparator.comparingDouble(Ranked::score).reversed());
    return ranked;
  }

  /** The score of the only label, or of the second of two: "no" comes before "yes". */
  private double fits(List<Label> labels) {
    if (labels.size() > 2) {
      throw new ModelException(
          "%s tells %d labels apart; expected one score, or no and yes"
              .formatted(classifier.model().name(), labels.size()));
    }
    int wanted = labels.size() - 1;
    return labels.stream().filter(label -> label.id() == wanted).findFirst().orElseThrow().score();
  }

  @Override
  public void close() {
    classifier.close();
  }
}
