package dev.heddle.generate;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import java.util.function.IntConsumer;

/**
 * Measures how well a decoder foresees texts: perplexity, over windows of the text.
 *
 * {@snippet :
 * try (Model model = Models.open("shakespeare-llama");
 *     Scorer scorer = Scorer.builder(model).build()) {
 *   int[] ids = model.tokenizer().encode(text, false).ids();
 *   System.out.println(scorer.score(ids, 256, 256).perplexity());
 * }
 * }
 *
 * <p>Not for several threads at once.
 */
public final class Scorer implements AutoCloseable {
  /** Logits that one step gives at most, unless a single row has more. */
  private static final int LOGITS = 1 << 22;

  private final LoadedDecoding loaded;
  private final Decoding decoding;
  private final String reason;
  private final int longestWindow;
  private final float[] logits;

  private Scorer(Backends.Selected<LoadedDecoding> selected, int longestWindow) {
    this.loaded = selected.value();
    this.decoding = loaded.decoding();
    this.reason = selected.reason();
    this.longestWindow = longestWindow;
    this.logits = new float[decoding.longestStep() * decoding.vocabularySize()];
  }

  /** For a model that stays its owner's, who closes it after the scorer. */
  public static Builder builder(Model model) {
    return new Builder(model);
  }

  /** How a scorer is made. */
  public static final class Builder {
    private static final int USUAL = 2048;

    private final Model model;
    private String backend;
    private BackendOptions backendOptions = BackendOptions.DEFAULT;
    private int window;
    private DecoderGraph.Storage storage = new DecoderGraph.Storage(null, 128);

    private Builder(Model model) {
      this.model = model;
    }

    /** How keys and values are stored: see {@link Generator.Builder#storage}. */
    public Builder storage(DecoderGraph.Storage value) {
      this.storage = value;
      return this;
    }

    /** {@code auto}, or the backend's name: see {@link Backends}. */
    public Builder backend(String choice) {
      this.backend = choice;
      return this;
    }

    /** How the backend is opened, and the model loaded on it. */
    public Builder backendOptions(BackendOptions value) {
      this.backendOptions = value;
      return this;
    }

    /** Tokens of the longest window; 0 for the model's context, up to {@value #USUAL}. */
    public Builder window(int tokens) {
      this.window = tokens;
      return this;
    }

    /**
     * Loads the model on the backend.
     *
     * @throws dev.heddle.model.ModelException if it is no decoder
     * @throws InvalidInputException if the window is longer than its context, or shorter than 2
     * @throws dev.heddle.backend.HeddleException if no backend takes it
     */
    public Scorer build() {
      Decoder decoder = (Decoder) Engine.decoder(model).architecture();
      if (decoder instanceof EncoderDecoder) {
        throw new ModelException(
            "%s is a %s, which writes about a text and does not continue it; expected a decoder"
                .formatted(model.name(), decoder.family()));
      }
      int longest = window == 0 ? Math.min(decoder.contextLength(), USUAL) : window;
      if (longest < 2 || longest > decoder.contextLength()) {
        throw new InvalidInputException(
            "a window of %d tokens; expected 2 to %s's context of %d"
                .formatted(longest, model.name(), decoder.contextLength()));
      }
      int step = Math.clamp(LOGITS / decoder.vocabularySize(), 1, longest);
      int tokens = longest + storage.pageTokens();
      KvCache.Size size = new KvCache.Size(tokens, 1, step, storage);
      return new Scorer(
          LoadedDecoding.load(
              model, new Backends(), backend, backendOptions, size, null, Decoding.Choice.NONE),
          longest);
    }
  }

  /** Tokens of the longest window. */
  public int longestWindow() {
    return longestWindow;
  }

  /** Which backend was chosen, and why. */
  public String backendReason() {
    return reason;
  }

  /** The same without telling how far it is. */
  public Perplexity score(int[] ids, int window, int stride) {
    return score(ids, window, stride, done -> {});
  }

  /**
   * Scores a text over windows of {@code window} tokens, one every {@code stride}.
   *
   * <p>With {@code stride == window} they do not overlap: the first token of each is not scored,
   * and a remainder shorter than a window is left out, unless it is all there is. With a smaller
   * stride a window scores what windows before it have not, so that all tokens but the first have
   * at least {@code window - stride} before them: the sliding window of Hugging Face's guide
   * "Perplexity of fixed-length models", each token counted once.
   *
   * @param progress told how many tokens are done
   * @throws InvalidInputException if there are fewer than two ids, one is not the model's, or
   *     window or stride are out of range
   * @throws dev.heddle.backend.RunInterruptedException if the thread is interrupted
   */
  public Perplexity score(int[] ids, int window, int stride, IntConsumer progress) {
    if (window < 2 || window > longestWindow) {
      throw new InvalidInputException(
          "a window of %d tokens; expected 2 to %d".formatted(window, longestWindow));
    }
    if (stride < 1 || stride > window) {
      throw new InvalidInputException(
          "a stride of %d tokens; expected 1 to the window's %d".formatted(stride, window));
    }
    if (ids.length < 2) {
      throw new InvalidInputException(
          "the text has %d tokens; expected 2 or more, as the first is not scored"
              .formatted(ids.length));
    }
    double nats = 0;
    int scored = 0;
    int seen = 0;
    for (int begin = 0; seen < ids.length; begin += stride) {
      int end = Math.min(begin + window, ids.length);
      if (stride == window && begin > 0 && end - begin < window) {
        break;
      }
      int from = Math.max(seen, begin + 1);
      nats += nats(ids, begin, from, end);
      scored += end - from;
      seen = end;
      progress.accept(seen);
    }
    return new Perplexity(ids.length, scored, nats);
  }

  /** Of the tokens {@code from} to {@code end}, each behind those from {@code begin} on. */
  private double nats(int[] ids, int begin, int from, int end) {
    double nats = 0;
    int vocabulary = decoding.vocabularySize();
    try (KvCache.Sequence sequence = decoding.cache().begin("window")) {
      // The last token is foreseen, and nothing behind it.
      for (int at = begin; at < end - 1; at += decoding.longestStep()) {
        int next = Math.min(at + decoding.longestStep(), end - 1);
        int rows = next - Math.clamp(from - 1, at, next);
        decoding.add(sequence, ids, at, next - at, rows, end - begin);
        decoding.run(logits);
        for (int row = 0; row < rows; row++) {
          int id = ids[next - rows + row + 1];
          nats -= Sampler.logProbability(logits, row * vocabulary, vocabulary, id);
        }
      }
    }
    return nats;
  }

  /**
   * The logits of the token that follows {@code ids}, one for each of the vocabulary.
   *
   * @throws InvalidInputException if there are no ids, or more than {@link #longestWindow}, or one
   *     is not the model's
   */
  public float[] logits(int[] ids) {
    if (ids.length == 0 || ids.length > longestWindow) {
      throw new InvalidInputException(
          "the text has %d tokens; expected 1 to %d".formatted(ids.length, longestWindow));
    }
    float[] next = new float[decoding.vocabularySize()];
    try (KvCache.Sequence sequence = decoding.cache().begin("text")) {
      decoding.prefill(sequence, ids, next);
    }
    return next;
  }

  @Override
  public void close() {
    loaded.close();
  }
}
