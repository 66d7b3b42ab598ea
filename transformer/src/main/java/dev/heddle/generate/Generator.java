package dev.heddle.generate;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Plan;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.text.Tokenizer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Continues texts with a decoder; or, where the model has an encoder too, writes texts about them:
 * then the encoder reads the prompt, once, and the decoder begins anew.
 *
 * {@snippet :
 * try (Generator generator = Generator.open("shakespeare-llama")) {
 *   System.out.println(generator.generate("To be, or not", generator.options()).text());
 * }
 * }
 *
 * <p>Safe for many threads; one generation runs at a time.
 */
public final class Generator implements AutoCloseable {
  /** Tokens of a prompt that one step takes in. */
  private static final int STEP = 512;

  private final Model model;
  private final boolean ownsModel;
  private final LoadedDecoding loaded;
  private final String reason;
  private final Decoding decoding;
  private final GenerationOptions options;
  private final boolean logProbabilities;
  private final EncoderDecoder encoderDecoder;
  private final PrefixCache prefix;
  private final Turn turn = new Turn();
  private volatile GenerationStream open;
  private volatile boolean closed;

  private Generator(Builder builder, Model model, Backends.Selected<LoadedDecoding> selected) {
    this.model = model;
    this.ownsModel = builder.model == null;
    this.loaded = selected.value();
    this.decoding = loaded.decoding();
    this.reason = selected.reason();
    this.options = model.generationOptions();
    this.logProbabilities = builder.logProbabilities;
    this.encoderDecoder =
        decoder(model).architecture() instanceof EncoderDecoder both ? both : null;
    this.prefix = builder.keepPrefix && encoderDecoder == null ? new PrefixCache(decoding) : null;
  }

  /** Opens the model that {@code reference} names: see {@link Models#open(String)}. */
  public static Generator open(String reference) {
    return builder(reference).build();
  }

  /** For the model that {@code reference} names, which the generator closes. */
  public static Builder builder(String reference) {
    return new Builder(reference, null);
  }

  /** For a model that stays its owner's, who closes it after the generator. */
  public static Builder builder(Model model) {
    return new Builder(null, model);
  }

  /** How a generator is made. */
  public static final class Builder {
    private final String reference;
    private final Model model;
    private String backend;
    private BackendOptions backendOptions = BackendOptions.DEFAULT;
    private int cacheTokens;
    private int sequences = 8;
    private DecoderGraph.Storage storage = new DecoderGraph.Storage(null, 128);
    private boolean logProbabilities;
    private boolean keepPrefix;
    private int promptTokens;
    private GenerationOptions sizedFor;

    private Builder(String reference, Model model) {
      this.reference = reference;
      this.model = model;
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

    /**
     * Tokens that all sequences of a generation may have together, the prompt's counted once; 0 for
     * the model's context, up to 4,096.
     */
    public Builder cacheTokens(int tokens) {
      this.cacheTokens = tokens;
      return this;
    }

    /** Sequences, or beams, of a generation. */
    public Builder sequences(int count) {
      this.sequences = count;
      return this;
    }

    /**
     * Makes the cache as large as one generation needs, in place of {@link #cacheTokens} and {@link
     * #sequences}.
     *
     * @param promptTokens of the longest prompt
     */
    public Builder sizedFor(int promptTokens, GenerationOptions options) {
      this.promptTokens = promptTokens;
      this.sizedFor = options;
      return this;
    }

    /**
     * How keys and values are stored: by default in the type that is computed in, 128 tokens a
     * page. Q8_0 takes 0.27 of float32's memory, where heads have a multiple of 32 elements; others
     * are refused.
     */
    public Builder storage(DecoderGraph.Storage value) {
      this.storage = value;
      return this;
    }

    /** Whether the log-probability of every token is wanted. */
    public Builder logProbabilities(boolean wanted) {
      this.logProbabilities = wanted;
      return this;
    }

    /**
     * Whether the first sequence of a generation stays in the cache, so that a next prompt that
     * begins alike, as a conversation's does, is not taken in again from the start.
     */
    public Builder keepPrefix(boolean wanted) {
      this.keepPrefix = wanted;
      return this;
    }

    /**
     * Opens the model and loads it on the backend.
     *
     * @throws ModelException if it is no decoder
     * @throws GenerationException if a prompt that it is sized for leaves no room in the context
     * @throws dev.heddle.backend.HeddleException if it cannot be opened, or no backend takes it
     */
    public Generator build() {
      Model opened = model == null ? Models.open(reference) : model;
      try {
        Decoder decoder = (Decoder) decoder(opened).architecture();
        long tokens = cacheTokens > 0 ? cacheTokens : Math.min(decoder.contextLength(), 4_096);
        KvCache.Size sources = null;
        int begun = promptTokens;
        if (decoder instanceof EncoderDecoder both) {
          int longest = Math.min(both.sourceLength(), sizedFor == null ? 4_096 : promptTokens);
          sources = new KvCache.Size(longest, 1, longest, storage);
          begun = 1;
        }
        if (sizedFor != null) {
          sequences = Math.max(sizedFor.numBeams(), sizedFor.numReturnSequences());
          int each = sizedFor.newTokens(begun, decoder.contextLength());
          boolean shared = !decoder.rotatesAnew(begun, begun + each);
          tokens = (shared ? begun : (long) sequences * begun) + (long) sequences * each;
        }
        // Every sequence but one ends in a page of its own, and may begin one.
        tokens += 2L * sequences * storage.pageTokens();
        if (tokens > Integer.MAX_VALUE) {
          throw new GenerationException(
              "%d sequences or beams need a cache of %,d tokens; at most %,d are supported. Ask for"
                      .formatted(sequences, tokens, Integer.MAX_VALUE)
                  + " fewer, or fewer new tokens");
        }
        KvCache.Size size = new KvCache.Size((int) tokens, sequences, STEP, storage);
        Decoding.Choice choice =
            logProbabilities ? Decoding.Choice.IDS_AND_LOG_PROBABILITIES : Decoding.Choice.IDS;
        return new Generator(
            this,
            opened,
            LoadedDecoding.load(opened, backend, backendOptions, size, sources, choice));
      } catch (RuntimeException | Error e) {
        if (model == null) {
          opened.close();
        }
        throw e;
      }
    }
  }

  /** The decoder that {@code model} is. */
  static Model.Checkpoint decoder(Model model) {
    if (model.network() instanceof Model.Checkpoint checkpoint
        && checkpoint.architecture() instanceof Decoder) {
      return checkpoint;
    }
    throw new ModelException(
        "%s is a %s, which does not continue texts; expected a decoder"
            .formatted(model.name(), model.network().family()));
  }

  /** The model's own options, from its {@code generation_config.json}; else the defaults. */
  public GenerationOptions options() {
    return options;
  }

  /** Which backend was chosen, and why. */
  public String backendReason() {
    return reason;
  }

  /** Where it runs. */
  public DeviceInfo device() {
    return loaded.backend().device();
  }

  /**
   * Tokens of a prompt and its continuation together, at most; where an encoder reads the prompt,
   * of what is written, its start token included.
   */
  public int contextLength() {
    return decoding.contextLength();
  }

  /** What runs where. */
  public Plan plan() {
    return decoding.plan();
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /** Continues a text, which special tokens are put around as the tokenizer says. */
  public Generation generate(String prompt, GenerationOptions with) {
    return generate(prompt, with, null);
  }

  /** The same, telling {@code listener}, which may be null, of each token. */
  public Generation generate(String prompt, GenerationOptions with, TokenListener listener) {
    return generate(encoded(prompt), with, listener);
  }

  private int[] encoded(String prompt) {
    return model.tokenizer().encode(prompt).ids();
  }

  /** Continues tokens. */
  public Generation generate(int[] prompt, GenerationOptions with) {
    return generate(prompt, with, null);
  }

  /** The same, telling {@code listener}, which may be null, of each token. */
  public Generation generate(int[] prompt, GenerationOptions with, TokenListener listener) {
    return generate(prompt, with, listener, new Cancellation());
  }

  /**
   * The same, until {@code cancellation} ends it. The listener is not told of beams: which will win
   * is known at the end.
   *
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small
   * @throws dev.heddle.backend.RunInterruptedException if the thread is interrupted
   */
  public Generation generate(
      int[] prompt, GenerationOptions with, TokenListener listener, Cancellation cancellation) {
    check(prompt, with);
    try (GenerationRun run = run(prompt, with, listener, cancellation, null)) {
      while (run.goesOn()) {
        run.step();
      }
      return run.result();
    }
  }

  /** The tokens that continue a text, made as they are asked for. */
  public GenerationStream stream(String prompt, GenerationOptions with) {
    return stream(encoded(prompt), with);
  }

  /**
   * The tokens that continue {@code prompt}, made as they are asked for; closing the stream cancels
   * the generation.
   *
   * @throws InvalidInputException if the prompt has no tokens
   * @throws GenerationException if it leaves no room in the context
   */
  public GenerationStream stream(int[] prompt, GenerationOptions with) {
    check(prompt, with);
    int[] ids = prompt.clone();
    Cancellation cancellation = new Cancellation();
    return new GenerationStream(
        cancellation, stream -> run(ids, with, stream::take, cancellation, stream));
  }

  private void check(int[] prompt, GenerationOptions with) {
    if (prompt.length == 0) {
      throw new InvalidInputException(
          "the prompt has no tokens; %s needs one at least".formatted(model.name()));
    }
    with.newTokens(begun(prompt, with).length, contextLength());
  }

  private GenerationRun run(
      int[] prompt,
      GenerationOptions with,
      TokenListener listener,
      Cancellation cancellation,
      GenerationStream stream) {
    return new GenerationRun(
        turn,
        cancellation,
        prompt.length,
        () -> {
          open = stream;
          if (closed) {
            throw new IllegalStateException("this generator of " + model.name() + " was closed");
          }
          Source source = new Source(prompt, readsPrompt() ? decoding.encode(prompt) : null);
          try {
            return continuation(source, begun(prompt, with), with, listener, cancellation);
          } catch (RuntimeException | Error e) {
            source.close();
            throw e;
          }
        });
  }

  /** What the decoder takes in before it writes. */
  private int[] begun(int[] prompt, GenerationOptions with) {
    return readsPrompt() ? new int[] {startToken(with)} : prompt;
  }

  /** Whether an encoder reads the prompt. */
  private boolean readsPrompt() {
    return encoderDecoder != null;
  }

  private int startToken(GenerationOptions with) {
    return with.decoderStartTokenId().isPresent()
        ? with.decoderStartTokenId().getAsInt()
        : encoderDecoder
            .startToken()
            .orElseThrow(() ->
                new GenerationException(
                    "%s does not name the token that its texts begin with; give"
                            .formatted(model.name())
                        + " decoder_start_token_id"));
  }

  private Continuation continuation(
      Source source,
      int[] prompt,
      GenerationOptions with,
      TokenListener listener,
      Cancellation cancellation) {
    int maxNewTokens = with.newTokens(prompt.length, contextLength());
    boolean stops = !with.stopStrings().isEmpty();
    Function<int[], String> text = null;
    if (stops || model.hasTokenizer()) {
      Tokenizer tokenizer = model.tokenizer();
      text = ids -> tokenizer.decode(ids, true);
    }
    StopStrings strings = new StopStrings(with.stopStrings());
    if (with.numBeams() > 1) {
      if (prefix != null) {
        prefix.close();
      }
      return new BeamContinuation(
          decoding, source, prompt, with, maxNewTokens, text, stops ? strings : null, cancellation);
    }
    Function<int[], String> decode = text;
    boolean watched = text != null && (stops || listener != null);
    Supplier<TextStream> streams = watched ? () -> new TextStream(decode, strings) : null;
    return new SampledContinuation(
        decoding,
        source,
        prompt,
        with,
        maxNewTokens,
        logProbabilities,
        streams,
        decode,
        listener,
        prefix,
        cancellation);
  }

  /** Ends an open stream, waits for the generation in flight, then frees everything. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      GenerationStream streaming = open;
      if (streaming != null) {
        streaming.close();
      }
      turn.takeForGood();
    } catch (IllegalStateException e) {
      closed = false;
      throw e;
    }
    try {
      loaded.close();
      if (ownsModel) {
        model.close();
      }
    } finally {
      turn.give();
    }
  }
}
