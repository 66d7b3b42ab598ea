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
 * <p>It is an {@link Engine} of few callers: safe for many threads, whose generations run side by
 * side as far as the cache has room.
 */
public final class Generator implements AutoCloseable {
  /** Tokens of a prompt that one step takes in: nobody waits for it to end. */
  private static final int STEP = 512;

  private final Engine engine;

  private Generator(Engine engine) {
    this.engine = engine;
  }

  /** Opens the model that {@code reference} names: see {@link Models#open(String)}. */
  public static Generator open(String reference) {
    return builder(reference).build();
  }

  /** For the model that {@code reference} names, which the generator closes. */
  public static Builder builder(String reference) {
    return new Builder(Engine.builder(reference));
  }

  /** For a model that stays its owner's, who closes it after the generator. */
  public static Builder builder(Model model) {
    return new Builder(Engine.builder(model));
  }

  /** How a generator is made. */
  public static final class Builder {
    private final Engine.Builder engine;
    private int cacheTokens;
    private int promptTokens;
    private GenerationOptions sizedFor;

    private Builder(Engine.Builder engine) {
      this.engine = engine.sequences(8).stepTokens(STEP).sharePrefixes(false);
    }

    /** {@code auto}, or the backend's name: see {@link Backends}. */
    public Builder backend(String choice) {
      engine.backend(choice);
      return this;
    }

    /** How the backend is opened, and the model loaded on it. */
    public Builder backendOptions(BackendOptions value) {
      engine.backendOptions(value);
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
      engine.sequences(count);
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
      engine.storage(value);
      return this;
    }

    /** Whether the log-probability of every token is wanted. */
    public Builder logProbabilities(boolean wanted) {
      engine.logProbabilities(wanted);
      return this;
    }

    /**
     * Whether the sequences of generations stay in the cache as long as there is room, so that a
     * next prompt that begins alike, as a conversation's does, is not taken in again from the
     * start.
     */
    public Builder keepPrefix(boolean wanted) {
      engine.sharePrefixes(wanted);
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
      return new Generator(engine.build(this::size));
    }

    private Engine.Room size(Decoder decoder, int sequences) {
      boolean reads = decoder instanceof EncoderDecoder;
      int longest = Math.min(decoder.contextLength(), 4_096);
      if (sizedFor == null) {
        return new Engine.Room(cacheTokens > 0 ? cacheTokens : longest, sequences, 4_096);
      }
      int begun = reads ? 1 : promptTokens;
      int count = Math.max(sizedFor.numBeams(), sizedFor.numReturnSequences());
      int each = sizedFor.newTokens(begun, decoder.contextLength());
      boolean shared = !decoder.rotatesAnew(begun, begun + each);
      long tokens = (shared ? begun : (long) count * begun) + (long) count * each;
      return new Engine.Room(tokens, count, promptTokens);
    }
  }

  /** The model's own options, from its {@code generation_config.json}; else the defaults. */
  public GenerationOptions options() {
    return engine.options();
  }

  /** Which backend was chosen, and why. */
  public String backendReason() {
    return engine.backendReason();
  }

  /** Where it runs. */
  public DeviceInfo device() {
    return engine.device();
  }

  /**
   * Tokens of a prompt and its continuation together, at most; where an encoder reads the prompt,
   * of what is written, its start token included.
   */
  public int contextLength() {
    return engine.contextLength();
  }

  /** What runs where. */
  public Plan plan() {
    return engine.plan();
  }

  /** The model. */
  public Model model() {
    return engine.model();
  }

  /** Continues a text, which special tokens are put around as the tokenizer says. */
  public Generation generate(String prompt, GenerationOptions with) {
    return generate(prompt, with, null);
  }

  /** The same, telling {@code listener}, which may be null, of each token. */
  public Generation generate(String prompt, GenerationOptions with, TokenListener listener) {
    return engine.generate(engine.request(prompt, with), listener);
  }

  /** Continues tokens. */
  public Generation generate(int[] prompt, GenerationOptions with) {
    return generate(prompt, with, null);
  }

  /** The same, telling {@code listener}, which may be null, of each token. */
  public Generation generate(int[] prompt, GenerationOptions with, TokenListener listener) {
    return generate(prompt, with, listener, null);
  }

  /**
   * The same, until {@code cancellation}, which may be null, ends it. The listener is told on this
   * thread, and not of beams: which will win is known at the end.
   *
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small
   * @throws dev.heddle.backend.RunInterruptedException if the thread is interrupted
   */
  public Generation generate(
      int[] prompt, GenerationOptions with, TokenListener listener, Cancellation cancellation) {
    return engine.generate(
        GenerationRequest.of(prompt, with).withCancellation(cancellation), listener);
  }

  /** The tokens that continue a text, as they come. */
  public GenerationStream stream(String prompt, GenerationOptions with) {
    return engine.submit(engine.request(prompt, with));
  }

  /**
   * The tokens that continue {@code prompt}, as they come; closing the stream cancels the
   * generation.
   *
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small
   */
  public GenerationStream stream(int[] prompt, GenerationOptions with) {
    return engine.submit(GenerationRequest.of(prompt, with));
  }

  /** Ends generations and streams with what there is, then frees everything. */
  @Override
  public void close() {
    engine.close();
  }
}
