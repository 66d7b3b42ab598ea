package dev.heddle.task;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.model.Architecture;
import dev.heddle.model.AttentionLayer;
import dev.heddle.model.AttentionSelection;
import dev.heddle.model.AttentionTrace;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.task.AttentionMaps.Token;
import dev.heddle.text.Encoding;
import dev.heddle.text.Tokenizer;
import dev.heddle.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Shows what the heads of a model attend to.
 *
 * {@snippet :
 * try (AttentionMapper mapper =
 *     AttentionMapper.builder("sentiment-bert")
 *         .selection(AttentionSelection.head(AttentionKind.ENCODER, 1, 0))
 *         .build()) {
 *   AttentionWeights head = mapper.map("A warm loom.").maps().getFirst();
 *   float weight = head.weight(1, 2);
 * }
 * }
 *
 * <p>What is not selected is not computed. Weights are those of the text read as a whole; a decoder
 * that writes it token by token has the same, up to rounding.
 *
 * <p>Safe for many threads.
 */
public final class AttentionMapper implements AutoCloseable {
  private final Model model;
  private final boolean ownsModel;
  private final Backend backend;
  private final AttentionTrace trace;
  private final String reason;

  private AttentionMapper(Builder builder, Backends.Selected<Loaded> selected) {
    this.model = builder.model;
    this.ownsModel = builder.ownsModel;
    this.backend = selected.value().backend;
    this.trace = selected.value().trace;
    this.reason = selected.reason();
  }

  private record Loaded(Backend backend, AttentionTrace trace) {}

  /** Of the model that {@code reference} names, as {@link Models#open} takes it; closed with it. */
  public static Builder builder(String reference) {
    return new Builder(Models.open(reference), true);
  }

  /** Of {@code model}, which its owner closes afterwards. */
  public static Builder builder(Model model) {
    return new Builder(model, false);
  }

  /** The layers of {@code model} that attend, in the order in which they run. */
  public static List<AttentionLayer> layers(Model model) {
    return AttentionTrace.layers(model);
  }

  /** What a mapper is made of. Not for several threads at once. */
  public static final class Builder {
    private final Model model;
    private final boolean ownsModel;
    private AttentionSelection selection = AttentionSelection.ALL;
    private String choice;
    private BackendOptions backendOptions = BackendOptions.DEFAULT;

    private Builder(Model model, boolean ownsModel) {
      this.model = Objects.requireNonNull(model, "model");
      this.ownsModel = ownsModel;
    }

    /** Which weights; all by default. */
    public Builder selection(AttentionSelection value) {
      selection = Objects.requireNonNull(value, "selection");
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

    /**
     * Loads the model on a backend.
     *
     * @throws InvalidInputException if a kind, layer or head is selected that the model has not
     * @throws ModelException if no attention is found in the model
     * @throws dev.heddle.backend.BackendUnavailableException if the backend asked for is not there
     * @throws dev.heddle.backend.HeddleException if the model cannot be loaded
     */
    public AttentionMapper build() {
      try {
        return new AttentionMapper(
            this,
            new Backends()
                .load(
                    choice,
                    backendOptions,
                    backend ->
                        new Loaded(
                            backend,
                            AttentionTrace.of(
                                model, backend, selection, backendOptions.models()))));
      } catch (RuntimeException | Error e) {
        if (ownsModel) {
          model.close();
        }
        throw e;
      }
    }
  }

  /**
   * The maps of {@code text}; of an encoder–decoder those before it has written anything.
   *
   * @throws TextTooLongException if the text is longer than the model takes
   * @throws InvalidInputException if the text has no tokens
   * @throws ModelException if the model has no tokenizer
   */
  public AttentionMaps map(String text) {
    return map(text, written().isPresent() ? new int[0] : null);
  }

  /**
   * The maps of an encoder–decoder that has read {@code text} and written {@code target}, behind
   * the token that the model must begin with, if there is one.
   *
   * @throws InvalidInputException also if the model is no encoder–decoder
   */
  public AttentionMaps map(String text, String target) {
    IntStream own = IntStream.of(model.tokenizer().encode(target, false).ids());
    OptionalInt forced = model.generationOptions().forcedBosTokenId();
    return map(text, IntStream.concat(forced.stream(), own).toArray());
  }

  /**
   * The same with the tokens of what has been written, the start token left out.
   *
   * @param target null of a model that is no encoder–decoder
   */
  public AttentionMaps map(String text, int[] target) {
    OptionalInt start = written();
    if (target != null && start.isEmpty()) {
      throw new InvalidInputException(
          "a target was given, but %s is no encoder–decoder; leave it out".formatted(model.name()));
    }
    Tokenizer tokenizer = model.tokenizer();
    Encoding encoding = tokenizer.encode(text);
    if (encoding.size() == 0) {
      throw new InvalidInputException(
          "the text has no tokens, and the tokenizer of %s adds none; expected a text with some"
              .formatted(model.name()));
    }
    int limit = limit();
    if (limit > 0 && encoding.size() > limit) {
      throw new TextTooLongException(0, encoding.size(), limit, model.name());
    }
    int[] decoderIds = null;
    List<Token> written = new ArrayList<>();
    if (target != null) {
      decoderIds = IntStream.concat(start.stream(), IntStream.of(target)).toArray();
      for (int id : decoderIds) {
        String spelling = tokenizer.decode(new int[] {id}, false);
        written.add(new Token(id, spelling, spelling));
      }
    }
    return new AttentionMaps(
        Token.of(encoding, text),
        written,
        trace.run(encoding.ids(), typeIds(encoding), decoderIds));
  }

  /** Null where all are 0, for not every model takes them. */
  private static int[] typeIds(Encoding encoding) {
    int[] types = encoding.typeIds();
    return IntStream.of(types).allMatch(type -> type == 0) ? null : types;
  }

  private int limit() {
    return architecture() instanceof EncoderDecoder both
        ? both.sourceLength()
        : model.network().contextLength();
  }

  /** The token that a target begins with; empty where there is no target. */
  private OptionalInt written() {
    if (!(architecture() instanceof EncoderDecoder both)) {
      return OptionalInt.empty();
    }
    GenerationOptions options = model.generationOptions();
    OptionalInt start =
        options.decoderStartTokenId().isPresent()
            ? options.decoderStartTokenId()
            : both.startToken();
    if (start.isEmpty()) {
      throw new ModelException(
          model.name()
              + " names no token that texts begin with; expected decoder_start_token_id in its"
              + " config.json or generation_config.json");
    }
    return start;
  }

  private Architecture architecture() {
    return model.network() instanceof Model.Checkpoint(Architecture found, Weights weights)
        ? found
        : null;
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

  /** Waits for calls in flight, then frees everything. */
  @Override
  public void close() {
    trace.close();
    backend.close();
    if (ownsModel) {
      model.close();
    }
  }
}
