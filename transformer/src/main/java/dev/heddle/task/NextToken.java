package dev.heddle.task;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Backends;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.Decoding;
import dev.heddle.generate.KvCache;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.tensor.DType;
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
 * <p>Not for several threads at once.
 */
public final class NextToken implements AutoCloseable {
  private static final DecoderGraph.Storage STORAGE = new DecoderGraph.Storage(DType.F32, 128);
  private static final int LONGEST = 4096;
  private static final int STEP = 512;

  private final Model model;
  private final Backend backend;
  private final Decoding decoding;
  private final float[] logits;

  private record Loaded(Backend backend, Decoding decoding) {}

  private NextToken(Model model, Loaded loaded) {
    this.model = model;
    this.backend = loaded.backend;
    this.decoding = loaded.decoding;
    this.logits = new float[decoding.vocabularySize()];
  }

  /**
   * Of a model that stays its owner's, who closes it after this.
   *
   * @throws ModelException if it is no decoder, or has no tokenizer
   */
  public static NextToken of(Model model, TaskOptions options) {
    boolean continues =
        model.network() instanceof Model.Checkpoint checkpoint
            && checkpoint.architecture() instanceof Decoder
            && !(checkpoint.architecture() instanceof EncoderDecoder);
    if (!continues) {
      throw new ModelException(
          "%s is a %s, which does not continue texts; expected a decoder"
              .formatted(model.name(), model.network().family()));
    }
    model.tokenizer();
    Model.Checkpoint checkpoint = (Model.Checkpoint) model.network();
    Decoder decoder = (Decoder) checkpoint.architecture();
    int tokens = Math.min(decoder.contextLength(), LONGEST) + STORAGE.pageTokens();
    KvCache.Size size = new KvCache.Size(tokens, 1, STEP, STORAGE);
    return new NextToken(
        model,
        new Backends()
            .load(
                options.backend(),
                options.backendOptions(),
                each ->
                    new Loaded(
                        each,
                        new Decoding(model.name(), decoder, checkpoint.weights(), each, size)))
            .value());
  }

  /**
   * The words, likeliest first, with probabilities that add up to 1. Of a word of several tokens
   * the first one counts.
   *
   * @throws InvalidInputException if there are no words, one has no token, or two begin with the
   *     same one; or if the text has no tokens or too many
   */
  public List<Label> classify(String text, List<String> words) {
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
    read(tokenizer.encode(text).ids());
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

  private void read(int[] ids) {
    if (ids.length == 0) {
      throw new InvalidInputException("the text has no tokens; expected a text with some");
    }
    try (KvCache.Sequence sequence = decoding.cache().begin("text")) {
      decoding.prefill(sequence, ids, logits);
    }
  }

  @Override
  public void close() {
    decoding.close();
    backend.close();
  }
}
