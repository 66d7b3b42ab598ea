package dev.heddle.generate;

import java.util.List;
import java.util.OptionalInt;

/** Makes {@link GenerationOptions}; each method sets the option of its name. */
public final class GenerationOptionsBuilder {
  private OptionalInt maxNewTokens = OptionalInt.empty();
  private OptionalInt maxLength = OptionalInt.empty();
  private int minNewTokens;
  private int minLength;
  private boolean doSample;
  private double temperature = 1;
  private int topK;
  private double topP = 1;
  private double minP;
  private double typicalP = 1;
  private double repetitionPenalty = 1;
  private double encoderRepetitionPenalty = 1;
  private double frequencyPenalty;
  private double presencePenalty;
  private int noRepeatNgramSize;
  private int encoderNoRepeatNgramSize;
  private List<TokenBias> sequenceBias = List.of();
  private List<List<Integer>> badWordsIds = List.of();
  private List<Integer> suppressTokens = List.of();
  private List<Integer> beginSuppressTokens = List.of();
  private OptionalInt decoderStartTokenId = OptionalInt.empty();
  private OptionalInt forcedBosTokenId = OptionalInt.empty();
  private List<Integer> forcedEosTokenIds = List.of();
  private List<Integer> eosTokenIds = List.of();
  private List<String> stopStrings = List.of();
  private int numBeams = 1;
  private int numReturnSequences = 1;
  private double lengthPenalty = 1;
  private EarlyStopping earlyStopping = EarlyStopping.HEURISTIC;
  private long seed;

  GenerationOptionsBuilder() {}

  GenerationOptionsBuilder(GenerationOptions from) {
    maxNewTokens = from.maxNewTokens();
    maxLength = from.maxLength();
    minNewTokens = from.minNewTokens();
    minLength = from.minLength();
    doSample = from.doSample();
    temperature = from.temperature();
    topK = from.topK();
    topP = from.topP();
    minP = from.minP();
    typicalP = from.typicalP();
    repetitionPenalty = from.repetitionPenalty();
    encoderRepetitionPenalty = from.encoderRepetitionPenalty();
    frequencyPenalty = from.frequencyPenalty();
    presencePenalty = from.presencePenalty();
    noRepeatNgramSize = from.noRepeatNgramSize();
    encoderNoRepeatNgramSize = from.encoderNoRepeatNgramSize();
    sequenceBias = from.sequenceBias();
    badWordsIds = from.badWordsIds();
    suppressTokens = from.suppressTokens();
    beginSuppressTokens = from.beginSuppressTokens();
    decoderStartTokenId = from.decoderStartTokenId();
    forcedBosTokenId = from.forcedBosTokenId();
    forcedEosTokenIds = from.forcedEosTokenIds();
    eosTokenIds = from.eosTokenIds();
    stopStrings = from.stopStrings();
    numBeams = from.numBeams();
    numReturnSequences = from.numReturnSequences();
    lengthPenalty = from.lengthPenalty();
    earlyStopping = from.earlyStopping();
    seed = from.seed();
  }

  /** {@code max_new_tokens}. */
  public GenerationOptionsBuilder maxNewTokens(int value) {
    maxNewTokens = OptionalInt.of(value);
    return this;
  }

  /** {@code max_length}. */
  public GenerationOptionsBuilder maxLength(int value) {
    maxLength = OptionalInt.of(value);
    return this;
  }

  /** {@code min_new_tokens}. */
  public GenerationOptionsBuilder minNewTokens(int value) {
    minNewTokens = value;
    return this;
  }

  /** {@code min_length}. */
  public GenerationOptionsBuilder minLength(int value) {
    minLength = value;
    return this;
  }

  /** {@code do_sample}. */
  public GenerationOptionsBuilder doSample(boolean value) {
    doSample = value;
    return this;
  }

  /** {@code temperature}. */
  public GenerationOptionsBuilder temperature(double value) {
    temperature = value;
    return this;
  }

  /** {@code top_k}. */
  public GenerationOptionsBuilder topK(int value) {
    topK = value;
    return this;
  }

  /** {@code top_p}. */
  public GenerationOptionsBuilder topP(double value) {
    topP = value;
    return this;
  }

  /** {@code min_p}. */
  public GenerationOptionsBuilder minP(double value) {
    minP = value;
    return this;
  }

  /** {@code typical_p}. */
  public GenerationOptionsBuilder typicalP(double value) {
    typicalP = value;
    return this;
  }

  /** {@code repetition_penalty}. */
  public GenerationOptionsBuilder repetitionPenalty(double value) {
    repetitionPenalty = value;
    return this;
  }

  /** {@code frequency_penalty}. */
  public GenerationOptionsBuilder frequencyPenalty(double value) {
    frequencyPenalty = value;
    return this;
  }

  /** {@code presence_penalty}. */
  public GenerationOptionsBuilder presencePenalty(double value) {
    presencePenalty = value;
    return this;
  }

  /** {@code no_repeat_ngram_size}. */
  public GenerationOptionsBuilder noRepeatNgramSize(int value) {
    noRepeatNgramSize = value;
    return this;
  }

  /** {@code sequence_bias}. */
  public GenerationOptionsBuilder sequenceBias(List<TokenBias> value) {
    sequenceBias = value;
    return this;
  }

  /** {@code bad_words_ids}. */
  public GenerationOptionsBuilder badWordsIds(List<List<Integer>> value) {
    badWordsIds = value;
    return this;
  }

  /** {@code suppress_tokens}. */
  public GenerationOptionsBuilder suppressTokens(List<Integer> value) {
    suppressTokens = value;
    return this;
  }

  /** {@code begin_suppress_tokens}. */
  public GenerationOptionsBuilder beginSuppressTokens(List<Integer> value) {
    beginSuppressTokens = value;
    return this;
  }

  /** {@code forced_bos_token_id}. */
  public GenerationOptionsBuilder forcedBosTokenId(int value) {
    forcedBosTokenId = OptionalInt.of(value);
    return this;
  }

  /** {@code forced_eos_token_id}. */
  public GenerationOptionsBuilder forcedEosTokenIds(List<Integer> value) {
    forcedEosTokenIds = value;
    return this;
  }

  /** {@code eos_token_id}. */
  public GenerationOptionsBuilder eosTokenIds(List<Integer> value) {
    eosTokenIds = value;
    return this;
  }

  /** {@code stop_strings}. */
  public GenerationOptionsBuilder stopStrings(List<String> value) {
    stopStrings = value;
    return this;
  }

  /** {@code encoder_repetition_penalty}. */
  public GenerationOptionsBuilder encoderRepetitionPenalty(double value) {
    encoderRepetitionPenalty = value;
    return this;
  }

  /** {@code encoder_no_repeat_ngram_size}. */
  public GenerationOptionsBuilder encoderNoRepeatNgramSize(int value) {
    encoderNoRepeatNgramSize = value;
    return this;
  }

  /** {@code decoder_start_token_id}. */
  public GenerationOptionsBuilder decoderStartTokenId(int id) {
    decoderStartTokenId = OptionalInt.of(id);
    return this;
  }

  /** {@code num_beams}. */
  public GenerationOptionsBuilder numBeams(int value) {
    numBeams = value;
    return this;
  }

  /** {@code num_return_sequences}. */
  public GenerationOptionsBuilder numReturnSequences(int value) {
    numReturnSequences = value;
    return this;
  }

  /** {@code length_penalty}. */
  public GenerationOptionsBuilder lengthPenalty(double value) {
    lengthPenalty = value;
    return this;
  }

  /** {@code early_stopping}. */
  public GenerationOptionsBuilder earlyStopping(EarlyStopping value) {
    earlyStopping = value;
    return this;
  }

  /** {@code seed}. */
  public GenerationOptionsBuilder seed(long value) {
    seed = value;
    return this;
  }

  GenerationOptionsBuilder maxNewTokens(OptionalInt value) {
    maxNewTokens = value;
    return this;
  }

  GenerationOptionsBuilder maxLength(OptionalInt value) {
    maxLength = value;
    return this;
  }

  GenerationOptionsBuilder decoderStartTokenId(OptionalInt value) {
    decoderStartTokenId = value;
    return this;
  }

  GenerationOptionsBuilder forcedBosTokenId(OptionalInt value) {
    forcedBosTokenId = value;
    return this;
  }

  /**
   * The options.
   *
   * @throws GenerationException if one is out of its range, or two contradict each other
   */
  public GenerationOptions build() {
    return new GenerationOptions(
        maxNewTokens,
        maxLength,
        minNewTokens,
        minLength,
        doSample,
        temperature,
        topK,
        topP,
        minP,
        typicalP,
        repetitionPenalty,
        encoderRepetitionPenalty,
        frequencyPenalty,
        presencePenalty,
        noRepeatNgramSize,
        encoderNoRepeatNgramSize,
        sequenceBias,
        badWordsIds,
        suppressTokens,
        beginSuppressTokens,
        decoderStartTokenId,
        forcedBosTokenId,
        forcedEosTokenIds,
        eosTokenIds,
        stopStrings,
        numBeams,
        numReturnSequences,
        lengthPenalty,
        earlyStopping,
        seed);
  }
}
