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
import java.util.function.BiFunction;

/**
 * Continues texts for many callers at once, with one loop that decodes: between two steps requests
 * join and leave, and a step takes in parts of prompts and goes on with all others.
 *
 * {@snippet :
 * try (Engine engine = Engine.open("shakespeare-llama")) {
 *   GenerationRequest request = engine.request("To be, or not", engine.options());
 *   System.out.println(engine.generate(request).text());
 * }
 * }
 *
 * <p>What a request gives is what it gives alone, to the last bit. Requests are let in while the
 * key/value cache has free pages. If the pages of those that run do not suffice, those who came
 * last give theirs up, and are computed again later. The cache, the sequences of a step and the
 * requests that wait are bounded by what the builder says.
 *
 * <p>Safe for many threads, virtual ones too. No caller's code runs on the engine's own thread.
 */
public final class Engine implements AutoCloseable {
  private final Model model;
  private final boolean ownsModel;
  private final LoadedDecoding loaded;
  private final String reason;
  private final Requests requests;
  private final RequestQueue queue;
  private final EngineMeter meter;
  private final Thread thread;
  private final int unreadTokens;
  private boolean closed;

  private Engine(Builder builder, Model model, Backends.Selected<LoadedDecoding> selected) {
    this.model = model;
    this.ownsModel = builder.model == null;
    this.loaded = selected.value();
    this.reason = selected.reason();
    this.unreadTokens = builder.unreadTokens;
    Decoding decoding = loaded.decoding();
    Prefixes prefixes = builder.sharePrefixes ? new Prefixes(decoding) : null;
    this.requests = new Requests(model, decoding, prefixes, builder.logProbabilities);
    this.meter = new EngineMeter(decoding.cache().pages());
    this.queue = new RequestQueue(builder.queueLength);
    Schedule schedule =
        new Schedule(
            decoding,
            prefixes,
            meter,
            requests::begin,
            builder.sequences,
            builder.stepTokens,
            queue);
    EngineLoop loop = new EngineLoop(decoding, meter, queue, schedule);
    this.thread = Thread.ofPlatform().daemon().name("heddle engine").unstarted(loop);
    thread.start();
  }

  /** An engine for the model that {@code reference} names: see {@link Models#open(String)}. */
  public static Engine open(String reference) {
    return builder(reference).build();
  }

  /** For the model that {@code reference} names, which the engine closes. */
  public static Builder builder(String reference) {
    return new Builder(reference, null);
  }

  /** For a model that stays its owner's, who closes it after the engine. */
  public static Builder builder(Model model) {
    return new Builder(null, model);
  }

  /** How an engine is made. */
  public static final class Builder {
    private final String reference;
    private final Model model;
    private Backends backends = new Backends();
    private String backend;
    private BackendOptions backendOptions = BackendOptions.DEFAULT;
    private int cacheTokens;
    private int sequences = 64;
    private int stepTokens = 256;
    private int queueLength = 1024;
    private int unreadTokens = 64;
    private boolean sharePrefixes = true;
    private boolean logProbabilities;
    private DecoderGraph.Storage storage = new DecoderGraph.Storage(null, 128);

    private Builder(String reference, Model model) {
      this.reference = reference;
      this.model = model;
    }

    /** Other backends than those that are installed. */
    Builder backends(Backends value) {
      this.backends = value;
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

    /**
     * Tokens that all sequences may have together, what they share counted once; 0 for four times
     * the model's context, of which at most 4,096 count.
     */
    public Builder cacheTokens(int tokens) {
      this.cacheTokens = atLeast(0, "cache tokens", tokens);
      return this;
    }

    /** Sequences, or beams, that a step goes on with; 64. One request of more runs alone. */
    public Builder sequences(int count) {
      this.sequences = atLeast(1, "sequences", count);
      return this;
    }

    /**
     * Tokens of prompts that a step takes in at most; 256. The time between two tokens of a request
     * is that of a step, so this bounds it while long prompts arrive.
     */
    public Builder stepTokens(int count) {
      this.stepTokens = atLeast(1, "step tokens", count);
      return this;
    }

    /** Requests that may wait, before {@link QueueFullException} refuses more; 1,024. */
    public Builder queueLength(int requests) {
      this.queueLength = atLeast(1, "queue length", requests);
      return this;
    }

    /**
     * Tokens of a request that may wait for their reader; 64. Then it rests, and others go on; its
     * pages stay its own until they are needed.
     */
    public Builder unreadTokens(int count) {
      this.unreadTokens = atLeast(1, "unread tokens", count);
      return this;
    }

    /**
     * Whether requests share the keys and values of a common beginning, also with such as have
     * ended; true.
     */
    public Builder sharePrefixes(boolean wanted) {
      this.sharePrefixes = wanted;
      return this;
    }

    /** How keys and values are stored: see {@link Generator.Builder#storage}. */
    public Builder storage(DecoderGraph.Storage value) {
      this.storage = value;
      return this;
    }

    /** Whether the log-probability of every token is wanted. */
    public Builder logProbabilities(boolean wanted) {
      this.logProbabilities = wanted;
      return this;
    }

    private static int atLeast(int least, String name, int value) {
      if (value < least) {
        throw new IllegalArgumentException(
            "%s: %d; expected %d or more".formatted(name, value, least));
      }
      return value;
    }

    /**
     * Opens the model, loads it on the backend and starts the engine's thread.
     *
     * @throws ModelException if it is no decoder
     * @throws GenerationException if the cache would be too large
     * @throws dev.heddle.backend.HeddleException if it cannot be opened, or no backend takes it
     */
    public Engine build() {
      return build((decoder, count) ->
          new Room(
              cacheTokens > 0 ? cacheTokens : 4L * Math.min(decoder.contextLength(), 4_096),
              count,
              4_096));
    }

    /** The same with as much room as {@code rooms} says of a decoder and {@link #sequences}. */
    Engine build(BiFunction<Decoder, Integer, Room> rooms) {
      Model opened = model == null ? Models.open(reference) : model;
      try {
        Decoder decoder = (Decoder) decoder(opened).architecture();
        Room room = rooms.apply(decoder, sequences);
        sequences = room.sequences;
        // Every sequence but one ends in a page of its own, and may begin one.
        long tokens = room.tokens + 2L * sequences * storage.pageTokens();
        if (tokens > Integer.MAX_VALUE) {
          throw new GenerationException(
              "%d sequences or beams need a cache of %,d tokens; at most %,d are supported. Ask for"
                      .formatted(sequences, tokens, Integer.MAX_VALUE)
                  + " fewer, or fewer new tokens");
        }
        KvCache.Size sources = null;
        if (decoder instanceof EncoderDecoder both) {
          int longest = Math.min(both.sourceLength(), room.sourceTokens);
          int all = Math.max(longest, (int) room.tokens);
          sources = new KvCache.Size(all, sequences, longest, storage);
        }
        KvCache.Size size = new KvCache.Size((int) tokens, sequences, stepTokens, storage);
        Decoding.Choice choice =
            logProbabilities ? Decoding.Choice.IDS_AND_LOG_PROBABILITIES : Decoding.Choice.IDS;
        return new Engine(
            this,
            opened,
            LoadedDecoding.load(opened, backends, backend, backendOptions, size, sources, choice));
      } catch (RuntimeException | Error e) {
        if (model == null) {
          opened.close();
        }
        throw e;
      }
    }
  }

  /**
   * What a cache has room for.
   *
   * @param tokens of all sequences
   * @param sequences of a step
   * @param sourceTokens of the longest source, where an encoder reads one
   */
  record Room(long tokens, int sequences, int sourceTokens) {}

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

  /** A request for a text's continuation; special tokens are put around it as the model says. */
  public GenerationRequest request(String prompt, GenerationOptions with) {
    return GenerationRequest.of(model.tokenizer().encode(prompt).ids(), with);
  }

  /**
   * Hands a request in, and returns at once; its tokens are read from what is returned, which the
   * caller closes if it does not read to the end.
   *
   * @throws QueueFullException if too many requests wait
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small for this request alone
   * @throws IllegalStateException if the engine was closed
   */
  public GenerationStream submit(GenerationRequest request) {
    return submit(request, unreadTokens);
  }

  private GenerationStream submit(GenerationRequest request, int unread) {
    long tokens = requests.check(request);
    GenerationOptions options = request.options();
    GenerationStream stream =
        new GenerationStream(
            queue,
            requests.texts(options),
            options.numReturnSequences(),
            unread,
            request.cancellation());
    try {
      queue.add(request, stream, tokens);
    } catch (QueueFullException e) {
      meter.refused();
      throw e;
    }
    return stream;
  }

  /** Waits for what comes of a request. */
  public Generation generate(GenerationRequest request) {
    return generate(request, null);
  }

  /**
   * The same, telling {@code listener}, which may be null, of each token, on this thread. The
   * listener is not told of beams: which will win is known at the end. What it throws ends the
   * request, and comes out here.
   *
   * @throws QueueFullException if too many requests wait
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small for this request alone
   * @throws dev.heddle.backend.RunInterruptedException if the thread is interrupted
   * @throws IllegalStateException if the engine was closed before
   */
  public Generation generate(GenerationRequest request, TokenListener listener) {
    try (GenerationStream stream = submit(request, listener == null ? 0 : unreadTokens)) {
      while (listener != null && stream.hasNext()) {
        GenerationStream.Token token = stream.next();
        if (!listener.token(token.sequence(), token.id(), token.text())) {
          stream.cancel();
        }
      }
      return stream.result();
    }
  }

  /** What the engine is doing, and has done. */
  public EngineStats stats() {
    return meter.stats(queue.size(), queue.taken());
  }

  /** The model's own options, from its {@code generation_config.json}; else the defaults. */
  public GenerationOptions options() {
    return model.generationOptions();
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
    return loaded.decoding().contextLength();
  }

  /** What runs where. */
  public Plan plan() {
    return loaded.decoding().plan();
  }

  /** The model. */
  public Model model() {
    return model;
  }

  /**
   * Ends all requests with what there is, {@link StopReason#CLOSED}, and frees everything. Waits
   * for the step in flight.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    queue.close(null);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    loaded.close();
    if (ownsModel) {
      model.close();
    }
  }
}
