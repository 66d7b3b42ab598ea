package dev.heddle.task;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.model.Decoder;
import dev.heddle.model.Encoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.model.Pooling;
import dev.heddle.model.SentenceSettings;
import dev.heddle.tensor.HostTensor;
import dev.heddle.text.Encoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Turns texts into vectors.
 *
 * {@snippet :
 * try (Embedder embedder = Embedder.load("sentiment-bert")) {
 *   float[][] vectors = embedder.embed(List.of("The first text.", "Another."));
 * }
 * }
 *
 * <p>Pooling, normalisation and the length at which texts are cut are those that the model's folder
 * states (as sentence-transformers writes it) unless the builder says otherwise; where nothing is
 * stated: the mean, not normalised, and a text longer than the model takes is an error.
 *
 * <p>Safe for many threads: what they hand in while a run is in flight goes together in the next. A
 * text's vector is the same, bit for bit, alone or in any batch.
 */
public final class Embedder implements AutoCloseable {
  /** Texts tokenized before the first of them are run: enough to find some of like length. */
  private static final int WINDOW = 1024;

  private final Model model;
  private final boolean ownsModel;
  private final Backend backend;
  private final Program program;
  private final String reason;
  private final Sequences sequences;
  private final boolean lowerCase;
  private final int cutAt;
  private final int limit;
  private final int batchTokens;
  private final Batcher batcher;

  private Embedder(Builder builder, Sequences sequences, Backends.Selected<Loaded> selected) {
    SentenceSettings settings = builder.settings();
    this.model = builder.model;
    this.ownsModel = builder.ownsModel;
    this.backend = selected.value().backend;
    this.program = selected.value().program;
    this.reason = selected.reason();
    this.sequences = sequences;
    this.lowerCase = settings.lowerCase();
    this.limit = model.network().contextLength();
    this.cutAt =
        settings.maxTokens() > 0 && limit > 0
            ? Math.min(settings.maxTokens(), limit)
            : settings.maxTokens();
    this.batchTokens = builder.batchTokens;
    this.batcher = new Batcher(this::run, sequences::cost, batchTokens);
  }

  private record Loaded(Backend backend, Program program) {}

  /** An embedder of the model that {@code reference} names, as {@link Models#open} takes it. */
  public static Embedder load(String reference) {
    return builder(reference).build();
  }

  /** Builds an embedder of the model that {@code reference} names; the embedder closes it. */
  public static Builder builder(String reference) {
    return new Builder(Models.open(reference), true);
  }

  /** Builds an embedder of {@code model}, which its owner closes after the embedder. */
  public static Builder builder(Model model) {
    return new Builder(model, false);
  }

  /** What an embedder is made of. Not for several threads at once. */
  public static final class Builder {
    private final Model model;
    private final boolean ownsModel;
    private List<Pooling> pooling;
    private Boolean normalise;
    private Integer maxTokens;
    private String choice;
    private BackendOptions backendOptions = BackendOptions.DEFAULT;
    private CompileOptions compileOptions;
    private int batchTokens = 4096;

    private Builder(Model model, boolean ownsModel) {
      this.model = Objects.requireNonNull(model, "model");
      this.ownsModel = ownsModel;
    }

    /** How tokens' states become one vector; of several the results are joined. */
    public Builder pooling(Pooling... value) {
      pooling = List.of(value);
      return this;
    }

    /** Whether vectors are scaled to length 1. */
    public Builder normalise(boolean value) {
      normalise = value;
      return this;
    }

    /** Cuts longer texts to so many tokens; 0: a text longer than the model takes is an error. */
    public Builder maxTokens(int value) {
      if (value < 0) {
        throw new IllegalArgumentException("max tokens: " + value + "; expected 0 (none) or more");
      }
      maxTokens = value;
      return this;
    }

    /** Which backend, as {@link Backends} takes it; null for the choice in force. */
    public Builder backend(String value) {
      choice = value;
      return this;
    }

    /** How the backend is opened, and the model loaded on it. */
    public Builder backendOptions(BackendOptions value) {
      backendOptions = value;
      return this;
    }

    /** How the graph is compiled; what the backend's options say of models where not given. */
    public Builder compileOptions(CompileOptions value) {
      compileOptions = value;
      return this;
    }

    /** About how many tokens a run computes at once, which bounds its memory; 4,096 by default. */
    public Builder batchTokens(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("batch tokens: " + value + "; expected 1 or more");
      }
      batchTokens = value;
      return this;
    }

    /**
     * Loads the model on a backend.
     *
     * @throws dev.heddle.backend.BackendUnavailableException if the backend asked for is not there
     * @throws dev.heddle.backend.HeddleException if the model cannot be loaded
     */
    public Embedder build() {
      try {
        // Loaded now, for a model that cannot read text is refused before weights are prepared.
        model.tokenizer();
        Sequences sequences = sequences();
        CompileOptions options = compileOptions == null ? backendOptions.models() : compileOptions;
        Backends.Selected<Loaded> selected =
            new Backends()
                .load(
                    choice,
                    backendOptions,
                    backend -> new Loaded(backend, backend.compile(sequences.graph(), options)));
        return new Embedder(this, sequences, selected);
      } catch (RuntimeException | Error e) {
        if (ownsModel) {
          model.close();
        }
        throw e;
      }
    }

    private SentenceSettings settings() {
      SentenceSettings stated =
          model.sentence().orElse(new SentenceSettings(List.of(Pooling.MEAN), false, 0, false));
      return new SentenceSettings(
          pooling == null ? stated.pooling() : pooling,
          normalise == null ? stated.normalise() : normalise,
          maxTokens == null ? stated.maxTokens() : maxTokens,
          stated.lowerCase());
    }

    private Sequences sequences() {
      SentenceSettings settings = settings();
      return switch (model.network()) {
        case Model.Checkpoint checkpoint ->
            switch (checkpoint.architecture()) {
              case Encoder encoder ->
                  RaggedSequences.of(
                      model.name(),
                      encoder,
                      checkpoint.weights(),
                      settings.pooling(),
                      settings.normalise());
              case Decoder decoder ->
                  throw new ModelException(
                      "%s is a %s, which continues texts; expected an encoder to embed with"
                          .formatted(model.name(), decoder.family()));
            };
        case Model.Onnx onnx ->
            PaddedSequences.of(onnx.onnx().graph(), settings.pooling(), settings.normalise());
      };
    }
  }

  /** The vectors of {@code texts}, {@code [texts, dimensions]}; see {@link #embedAll}. */
  public float[][] embed(List<String> texts) {
    return embedAll(texts).vectors();
  }

  /**
   * The vectors of {@code texts}, and how many tokens of each were read.
   *
   * @throws TextTooLongException if a text is longer than the model takes, and is not to be cut
   * @throws InvalidInputException if a text is null, or has no tokens at all
   */
  public Embeddings embedAll(List<String> texts) {
    return embedAll(texts, done -> {});
  }

  /**
   * The same.
   *
   * @param progress told after each batch how many texts are done
   */
  public Embeddings embedAll(List<String> texts, IntConsumer progress) {
    Objects.requireNonNull(texts, "texts");
    int count = texts.size();
    Embeddings result = new Embeddings(new float[count][], new int[count], new boolean[count]);
    for (int start = 0; start < count; start += WINDOW) {
      int first = start;
      List<TokenIds> tokenized = new ArrayList<>();
      for (int i = first; i < Math.min(count, first + WINDOW); i++) {
        tokenized.add(TokenIds.of(encode(i, texts.get(i), result)));
      }
      embed(tokenized, first, result.vectors(), progress);
    }
    return result;
  }

  /**
   * The vectors of texts that are tokenized already, {@code [texts, dimensions]}.
   *
   * @param ids token ids of each text, those that the tokenizer adds included
   * @throws TextTooLongException if a text is longer than the model takes
   * @throws InvalidInputException if a text has no tokens, or an id is not in the vocabulary
   */
  public float[][] embedIds(int[][] ids) {
    List<TokenIds> tokenized = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      check(i, ids[i].length);
      for (int id : ids[i]) {
        if (id < 0) {
          throw new InvalidInputException(
              "text %d has the id %d; ids are not negative".formatted(i, id));
        }
      }
      tokenized.add(TokenIds.of(ids[i]));
    }
    float[][] vectors = new float[ids.length][];
    embed(tokenized, 0, vectors, done -> {});
    return vectors;
  }

  private void embed(List<TokenIds> tokenized, int first, float[][] vectors, IntConsumer progress) {
    int done = first;
    for (int[] batch : batches(tokenized)) {
      float[][] rows = batcher.run(IntStream.of(batch).mapToObj(tokenized::get).toList());
      for (int i = 0; i < batch.length; i++) {
        vectors[first + batch[i]] = rows[i];
      }
      done += batch.length;
      progress.accept(done);
    }
  }

  private Encoding encode(int index, String text, Embeddings result) {
    if (text == null) {
      throw new InvalidInputException("text " + index + " is null; expected a text");
    }
    String given = lowerCase ? text.toLowerCase(Locale.ROOT) : text;
    Encoding whole = model.tokenizer().encodeIds(given);
    Encoding read = cutAt > 0 ? whole.truncate(cutAt) : whole;
    check(index, read.size());
    result.tokens()[index] = read.size();
    result.truncated()[index] = read != whole;
    return read;
  }

  private void check(int index, int tokens) {
    if (tokens == 0) {
      throw new InvalidInputException(
          "text %d has no tokens, and the tokenizer of %s adds none; expected a text with some"
              .formatted(index, model.name()));
    }
    if (limit > 0 && tokens > limit) {
      throw new TextTooLongException(index, tokens, limit, model.name());
    }
  }

  /** Texts of like length together, so that padding is little, in batches within the budget. */
  private List<int[]> batches(List<TokenIds> all) {
    int[] order =
        IntStream.range(0, all.size())
            .boxed()
            .sorted((a, b) -> Integer.compare(all.get(b).size(), all.get(a).size()))
            .mapToInt(Integer::intValue)
            .toArray();
    List<int[]> batches = new ArrayList<>();
    int start = 0;
    long tokens = 0;
    for (int i = 0; i < order.length; i++) {
      int size = all.get(order[i]).size();
      int longest = all.get(order[start]).size();
      if (i > start && sequences.cost(i + 1 - start, tokens + size, longest) > batchTokens) {
        batches.add(Arrays.copyOfRange(order, start, i));
        start = i;
        tokens = 0;
      }
      tokens += size;
    }
    if (start < order.length) {
      batches.add(Arrays.copyOfRange(order, start, order.length));
    }
    return batches;
  }

  private float[][] run(List<TokenIds> batch) {
    Inputs inputs = sequences.inputs(batch);
    try (Outputs outputs = program.run(inputs);
        HostTensor host = outputs.host(SentenceVectors.NAME)) {
      float[] values = host.toFloats();
      int dimensions = values.length / batch.size();
      float[][] vectors = new float[batch.size()][];
      for (int i = 0; i < vectors.length; i++) {
        vectors[i] = Arrays.copyOfRange(values, i * dimensions, (i + 1) * dimensions);
      }
      return vectors;
    }
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** The device that computes. */
  public DeviceInfo device() {
    return backend.device();
  }

  /** One line: which backend was taken, and why. */
  public String reason() {
    return reason;
  }

  /** How the program runs, node by node. */
  public Plan plan() {
    return program.plan();
  }

  /** Waits for calls in flight, then frees everything. */
  @Override
  public void close() {
    program.close();
    backend.close();
    if (ownsModel) {
      model.close();
    }
  }
}
