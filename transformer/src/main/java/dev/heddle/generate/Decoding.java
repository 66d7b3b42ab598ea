package dev.heddle.generate;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Rope;
import dev.heddle.op.Sample;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.DType;
import dev.heddle.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A decoder on one backend: steps over the new tokens of any sequences, with a {@link KvCache}. Not
 * for several threads at once.
 */
public final class Decoding implements AutoCloseable {
  private static final String LOGITS = "logits";
  private static final String IDS = "ids";
  private static final String LOG_PROBABILITIES = "log_probabilities";

  /** What steps give besides logits. */
  enum Choice {
    NONE,
    /** The tokens that follow: see {@link #draw}. */
    IDS,
    IDS_AND_LOG_PROBABILITIES
  }

  private final Backend backend;
  private final Decoder decoder;
  private final KvCache cache;
  private final SourceEncoder sources;
  private final Program program;
  private final StepInputs inputs;
  private final int longestStep;

  /** The last step's, whose memory the next one writes again; null before the first. */
  private Outputs last;

  /** Where the last step's logits went, and its bytes. */
  private float[] target;

  private MemorySegment targetBytes;

  private final Choice choice;

  /** The last step's choices. */
  private int[] chosen = {};

  private float[] chances = {};
  private MemorySegment chosenBytes;
  private MemorySegment chanceBytes;

  /**
   * Compiles the network and takes the cache's memory.
   *
   * @param backend is its owner's, who closes it after this
   * @throws dev.heddle.backend.HeddleException if the model or its graph is refused, or memory is
   *     not there
   */
  public Decoding(
      String name, Decoder decoder, Weights weights, Backend backend, KvCache.Size size) {
    this(name, decoder, weights, backend, size, null);
  }

  /**
   * The same of a decoder that looks at sources.
   *
   * @param sourceSize how much of sources is held, its step the longest source; null for a decoder
   *     that looks at none
   */
  public Decoding(
      String name,
      Decoder decoder,
      Weights weights,
      Backend backend,
      KvCache.Size size,
      KvCache.Size sourceSize) {
    this(name, decoder, weights, backend, size, sourceSize, Choice.NONE, CompileOptions.DEFAULT);
  }

  /** The same, whose steps choose tokens, too. */
  Decoding(
      String name,
      Decoder decoder,
      Weights weights,
      Backend backend,
      KvCache.Size size,
      KvCache.Size sourceSize,
      Choice choice) {
    this(name, decoder, weights, backend, size, sourceSize, choice, CompileOptions.DEFAULT);
  }

  /** The same, compiled as {@code options} say, if need be for another number of runs. */
  Decoding(
      String name,
      Decoder decoder,
      Weights weights,
      Backend backend,
      KvCache.Size asked,
      KvCache.Size sourceSize,
      Choice choice,
      CompileOptions options) {
    CompileOptions single = options.withConcurrentRuns(1);
    DType type = options.computeType().on(backend, areQuantized(weights));
    KvCache.Size size = asked.in(type);
    this.backend = backend;
    this.decoder = decoder;
    this.choice = choice;
    this.longestStep = size.step();
    this.sources =
        decoder instanceof EncoderDecoder model
            ? new SourceEncoder(name, model, weights, backend, sourceSize.in(type), single)
            : null;
    KvCache taken = null;
    try {
      this.cache = taken = new KvCache(backend, decoder, size);
      GraphBuilder graph = new GraphBuilder(name);
      DecoderGraph g = DecoderGraph.cached(graph, decoder, size.storage());
      Value state = g.logitRows(decoder.decode(g, weights));
      Value logits = decoder.logits(g, weights, state);
      graph.output(LOGITS, logits);
      if (choice != Choice.NONE) {
        List<Value> sample = g.sample(logits, choice == Choice.IDS ? 1 : 2);
        graph.output(IDS, sample.get(Sample.IDS));
        if (sample.size() > 1) {
          graph.output(LOG_PROBABILITIES, sample.get(Sample.LOG_PROBABILITIES));
        }
      }
      this.program = backend.compile(Passes.standard().apply(graph.build()), single);
      KvCache read = sources == null ? null : sources.cache();
      this.inputs = new StepInputs(decoder, cache, read, choice != Choice.NONE);
    } catch (RuntimeException | Error e) {
      if (taken != null) {
        taken.close();
      }
      if (sources != null) {
        sources.close();
      }
      throw e;
    }
  }

  private static boolean areQuantized(Weights weights) {
    return weights.names().stream()
        .anyMatch(name -> weights.info(name).type().dtype().filter(DType::isQuantized).isPresent());
  }

  /**
   * Reads what a decoder looks at besides its own text: once, however much is written then.
   *
   * @return its keys and values, which the caller closes after the sequences that look at it
   * @throws InvalidInputException if there are no ids, too many, or one is not the model's
   * @throws KvCacheFullException if there is no room
   * @throws IllegalStateException if the model looks at no source
   */
  public KvCache.Sequence encode(int[] source) {
    if (sources == null) {
      throw new IllegalStateException(decoder.family() + " looks at no source");
    }
    return sources.encode(source);
  }

  /** Whether a source of so many tokens finds room. */
  boolean fitsSource(int tokens) {
    return sources == null || tokens <= sources.cache().freeTokens();
  }

  /** How many sources have been read. */
  public long encoderRuns() {
    return sources == null ? 0 : sources.runs();
  }

  /**
   * Begins an empty sequence, which its owner closes.
   *
   * @param name for errors
   * @param source what {@link #encode} gave; null for a decoder that looks at none
   */
  public KvCache.Sequence begin(String name, KvCache.Sequence source) {
    return cache.begin(name, source);
  }

  /** Where sequences begin. */
  public KvCache cache() {
    return cache;
  }

  /** What runs where. */
  public Plan plan() {
    return program.plan();
  }

  /** Tokens that a sequence may have. */
  public int contextLength() {
    return decoder.contextLength();
  }

  /** Tokens that the model knows. */
  public int vocabularySize() {
    return decoder.vocabularySize();
  }

  /** Tokens of one sequence that a step may add. */
  public int longestStep() {
    return longestStep;
  }

  /** Room for so many rows of logits, which {@link #logits} allows. */
  float[] rows(int count) {
    return new float[logits(count)];
  }

  /**
   * How many logits so many rows have.
   *
   * @throws GenerationException if that is more than a Java array holds
   */
  int logits(int count) {
    long logits = (long) count * vocabularySize();
    if (logits > Integer.MAX_VALUE - 8) {
      throw new GenerationException(
          "%d sequences or beams of %d logits each; at most %,d logits are supported at a time"
              .formatted(count, vocabularySize(), Integer.MAX_VALUE - 8));
    }
    return (int) logits;
  }

  /**
   * Adds tokens to a sequence in the next {@link #run}.
   *
   * @param logits how many of the last tokens' logits are wanted
   * @throws InvalidInputException if an id is not the model's, or the sequence would be longer than
   *     the model takes
   * @throws KvCacheFullException if there is no room
   */
  public void add(KvCache.Sequence sequence, int[] ids, int from, int count, int logits) {
    add(sequence, ids, from, count, logits, sequence.length() + count);
  }

  /**
   * The same for a part of a prompt.
   *
   * @param reach how long the sequence will be with all of it: a rotation may depend on that
   */
  void add(KvCache.Sequence sequence, int[] ids, int from, int count, int logits, int reach) {
    if (sources != null && sequence.source() == null) {
      throw new IllegalArgumentException(
          "%s looks at no source; %s writes about one".formatted(sequence, decoder.family()));
    }
    if (sequence.length() + count > decoder.contextLength()) {
      throw new InvalidInputException(
          "%s and %d more; the model takes %d".formatted(sequence, count, decoder.contextLength()));
    }
    if (count < 1 || count > longestStep) {
      throw new InvalidInputException(
          "a step of %d tokens; expected 1 to %d".formatted(count, longestStep));
    }
    for (int i = from; i < from + count; i++) {
      if (ids[i] < 0 || ids[i] >= decoder.vocabularySize()) {
        throw new InvalidInputException(
            "id %d at position %d; %s has 0 to %d"
                .formatted(
                    ids[i],
                    sequence.length() + i - from,
                    decoder.family(),
                    decoder.vocabularySize() - 1));
      }
    }
    sequence.reserve(count);
    inputs.add(sequence, ids, from, count, logits, reach);
  }

  /**
   * Takes in a prompt, in as many steps as it needs; what the sequence has are its first tokens.
   *
   * @param logits is given those of its last token
   */
  public void prefill(KvCache.Sequence sequence, int[] prompt, float[] logits) {
    int at = sequence.length();
    for (; prompt.length - at > longestStep; at += longestStep) {
      add(sequence, prompt, at, longestStep, 0, prompt.length);
      run();
    }
    add(sequence, prompt, at, prompt.length - at, 1, prompt.length);
    run(logits);
  }

  /**
   * Whether a sequence that was rotated as one of {@code reach} tokens has to be run again from its
   * beginning when it has {@code length}, as transformers does.
   */
  boolean rotatesAnew(int reach, int length) {
    return decoder.rotatesAnew(reach, length);
  }

  /**
   * Whether keys in a sequence of {@code reach} tokens are those of a shorter one: there are
   * rotations that turn the same keys otherwise in a longer sequence.
   */
  boolean rotatesPlainly(int reach) {
    Rope rope = decoder.lengthDependentRope();
    return rope == null || rope.sameAngles(1, reach);
  }

  /** Takes back all that was added since the last {@link #run}. */
  public void clear() {
    inputs.clear();
  }

  /**
   * Runs what was added; on return the sequences are that much longer. If it throws, they are as
   * they were.
   *
   * @param logits is given {@code [rows, vocabulary]}, sequences in the order they were added
   * @return the rows
   */
  public int run(float[] logits) {
    int rows = run();
    readLogits(logits);
    return rows;
  }

  /** Gives the last run's logits, {@code [rows, vocabulary]}. */
  void readLogits(float[] logits) {
    if (logits != target) {
      target = logits;
      targetBytes = MemorySegment.ofArray(logits);
    }
    last.get(LOGITS).copyTo(targetBytes);
  }

  /** Rows that the next run gives, as far as they are wanted yet. */
  int rows() {
    return inputs.logitRows();
  }

  /** The same, but for the logits, which stay where they are. */
  int run() {
    try {
      int rows = inputs.logitRows();
      Outputs given = last;
      last = null;
      last = program.run(inputs.fill(), given);
      inputs.commit();
      return rows;
    } finally {
      inputs.clear();
    }
  }

  /**
   * The same, of as many rows as suit the backend: behind those that are wanted there may be
   * others.
   */
  void runPadded() {
    int rows = inputs.rows();
    if (rows > 0) {
      inputs.pad(backend.stepRows(rows));
    }
    run();
  }

  /**
   * Wants, of the next run, a token to follow the last one that was added: the next of {@code
   * tokens}, as plain {@code options} say.
   */
  void draw(GenerationOptions options, TokenSequence tokens) {
    if (options.greedy()) {
      addRow();
    } else {
      double drawn = Philox.uniform(options.seed(), tokens.number(), tokens.generated(), 0);
      inputs.addRow(
          (float) Math.min(options.temperature(), Float.MAX_VALUE),
          options.topK(),
          (float) options.topP(),
          // Cut off, not rounded: 1 is not among what is drawn.
          (float) (Math.floor(drawn * 0x1p24) * 0x1p-24));
    }
  }

  /** Wants, of the next run, the logits of the last token that was added. */
  void addRow() {
    inputs.addRow(0, 0, 1, 0);
  }

  /**
   * Reads what the last run chose.
   *
   * @return rows of it, those that nobody wanted among them
   */
  int readChoices() {
    int rows = Math.toIntExact(last.get(IDS).shape().elements());
    if (chosen.length < rows) {
      chosen = new int[rows];
      chosenBytes = MemorySegment.ofArray(chosen);
      chances = new float[rows];
      chanceBytes = MemorySegment.ofArray(chances);
    }
    if (rows > 0) {
      last.get(IDS).copyTo(chosenBytes);
      if (choice == Choice.IDS_AND_LOG_PROBABILITIES) {
        last.get(LOG_PROBABILITIES).copyTo(chanceBytes);
      }
    }
    return rows;
  }

  /**
   * What was drawn last, by the order in which it was wanted.
   *
   * @throws GenerationException if there was no token to choose
   */
  int chosen(int row) {
    if (chosen[row] < 0) {
      throw new GenerationException(
          "no token can be chosen: of %d logits one is NaN, or the largest is not finite. The model"
                  .formatted(vocabularySize())
              + " or its input is broken");
    }
    return chosen[row];
  }

  /** The logarithm of its probability, where that is among what steps give. */
  double logProbability(int row) {
    return chances[row];
  }

  @Override
  public void close() {
    if (last != null) {
      last.close();
    }
    program.close();
    inputs.close();
    cache.close();
    if (sources != null) {
      sources.close();
    }
  }
}
