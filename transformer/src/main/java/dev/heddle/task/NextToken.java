package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.Scorer;
import dev.heddle.model.Decoder;
import dev.heddle.model.Model;
import dev.heddle.text.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Classifies texts with a decoder that was not trained for it: of several words, which may come
 * next (Brown et al., 2020, arXiv:2005.14165).
 *
 * {@snippet :
 * try (Model model = Models.open("my-decoder");
 *     NextToken next = NextToken.of(model, TaskOptions.DEFAULT)) {
 *   next.classify("Review: A waste of money.\nGood or bad?", List.of(" good", " bad"));
 * }
 * }
 *
 * <p>Safe for many threads; one text is read at a time.
 */
public final class NextToken implements AutoCloseable {
  private static final int LONGEST = 4096;

  private final Model model;
  private final Scorer scorer;

  private NextToken(Model model, Scorer scorer) {
    this.model = model;
    this.scorer = scorer;
  }

  /**
   * Of a model that stays its owner's, who closes it after this.
   *
   * @throws dev.heddle.model.ModelException if it is no decoder, or has no tokenizer
   */
  public static NextToken of(Model model, TaskOptions options) {
    model.tokenizer();
    int longest =
        model.network() instanceof Model.Checkpoint checkpoint
                && checkpoint.architecture() instanceof Decoder decoder
            ? Math.min(decoder.contextLength(), LONGEST)
            : 0;
    return new NextToken(
        model,
        Scorer.builder(model)
            .backend(options.backend())
            .backendOptions(options.backendOptions())
            .window(longest)
            .build());
  }

  /**
   * The words, likeliest first, with probabilities that add up to 1. Of a word of several tokens
   * the first one counts.
   *
   * @throws InvalidInputException if there are no words, one has no token, or two begin with the
   *     same one; or if the text has no tokens or too many
   */
  public synchronized List<Label> classify(String text, List<String> words) {
    Tokenizer tokenizer = model.tokenizer();
    int[] ids = new int[words.size()];
    for (int i = 0; i < ids.length; i++) {
      int[] tokens = tokenizer.encode(words.get(i), false).ids();
      if (tokens.length == 0) {
        throw new InvalidInputException("the word \"%s\" has no tokens".formatted(words.get(i)));
      }
      ids[i] = tokens[0];
      for (int j = 0; j < i; j++) {
        if (ids[j] == ids[i]) {
          throw new InvalidInputException(
              "\"%s\" and \"%s\" begin with the same token, %d; expected words that differ in it"
                  .formatted(words.get(j), words.get(i), ids[i]));
        }
      }
    }
    if (ids.length == 0) {
      throw new InvalidInputException("there are no words; expected one or more");
    }
    float[] logits = scorer.logits(tokenizer.encode(text).ids());
    float[] own = new float[ids.length];
    for (int i = 0; i < own.length; i++) {
      own[i] = logits[ids[i]];
    }
    double[] scores = Scores.softmax(own, 0, own.length);
    List<Label> labels = new ArrayList<>();
    for (int i = 0; i < own.length; i++) {
      labels.add(new Label(words.get(i), i, scores[i], own[i]));
    }
    labels.sort(Comparator.comparingDouble(Label::score).reversed());
    return labels;
  }

  @Override
  public synchronized void close() {
    scorer.close();
  }
}
