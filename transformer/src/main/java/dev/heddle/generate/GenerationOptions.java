package dev.heddle.generate;

import dev.heddle.weights.JsonFields;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * How a sequence is continued. Names and meanings are those of Hugging Face's GenerationConfig;
 * what is not set is off. Immutable: {@link #toBuilder} makes changed ones.
 *
 * <p>The frequency and presence penalties, which GenerationConfig lacks, are OpenAI's, over the
 * generated tokens.
 *
 * @param maxNewTokens how many tokens are generated at most, whatever the prompt's length
 * @param maxLength the same with the prompt's tokens; {@code maxNewTokens} goes before
 * @param minNewTokens tokens generated before an end token may come
 * @param minLength the same with the prompt's tokens
 * @param doSample draws at random; false takes the most likely token
 * @param temperature logits are divided by it; 0 is greedy
 * @param topK keeps the {@code topK} most likely tokens, and those equal to the last; 0 is off
 * @param topP keeps the most likely tokens that together reach this probability
 * @param minP keeps tokens whose probability is this part of the largest
 * @param typicalP keeps the tokens nearest to the entropy that together reach this probability
 * @param repetitionPenalty above 1 makes tokens that have occurred less likely
 * @param encoderRepetitionPenalty above 1 makes the source's tokens likelier: those that an encoder
 *     has read, or, without one, the prompt's
 * @param frequencyPenalty taken from a logit for each time its token was generated
 * @param presencePenalty taken from the logits of all tokens that were generated
 * @param noRepeatNgramSize no sequence of so many tokens comes twice; 0 is off
 * @param encoderNoRepeatNgramSize no sequence of so many tokens of the source comes; 0 is off
 * @param sequenceBias what is added to logits; of equal token sequences the last counts
 * @param badWordsIds sequences that must not come
 * @param suppressTokens tokens that never come
 * @param beginSuppressTokens tokens that do not come first
 * @param decoderStartTokenId what a decoder's text begins with where an encoder reads the prompt
 * @param forcedBosTokenId the token after a beginning of one token
 * @param forcedEosTokenIds the tokens, one of which comes last where the length ends a sequence
 * @param eosTokenIds tokens that end a sequence; none: it never ends so
 * @param stopStrings texts that end a sequence
 * @param numBeams beams that are searched; 1 is no beam search
 * @param numReturnSequences sequences that are given back: the best of the beams, or independent
 *     draws
 * @param lengthPenalty a beam's score is divided by its length to this power
 * @param earlyStopping when beam search ends
 * @param seed of the random draws
 */
public record GenerationOptions(
    OptionalInt maxNewTokens,
    OptionalInt maxLength,
    int minNewTokens,
    int minLength,
    boolean doSample,
    double temperature,
    int topK,
    double topP,
    double minP,
    double typicalP,
    double repetitionPenalty,
    double encoderRepetitionPenalty,
    double frequencyPenalty,
    double presencePenalty,
    int noRepeatNgramSize,
    int encoderNoRepeatNgramSize,
    List<TokenBias> sequenceBias,
    List<List<Integer>> badWordsIds,
    List<Integer> suppressTokens,
    List<Integer> beginSuppressTokens,
    OptionalInt decoderStartTokenId,
    OptionalInt forcedBosTokenId,
    List<Integer> forcedEosTokenIds,
    List<Integer> eosTokenIds,
    List<String> stopStrings,
    int numBeams,
    int numReturnSequences,
    double lengthPenalty,
    EarlyStopping earlyStopping,
    long seed) {

  /** Tokens that are generated where nothing says how many. */
  public static final int NEW_TOKENS = 256;

  /** Everything off: greedy, {@value #NEW_TOKENS} tokens. */
  public static final GenerationOptions DEFAULT = new GenerationOptionsBuilder().build();

  /**
   * Options.
   *
   * @throws GenerationException if one is out of its range, or two contradict each other
   */
  public GenerationOptions {
    maxNewTokens.ifPresent(n -> Ranges.atLeast("max_new_tokens", n, 1, "1 or more"));
    maxLength.ifPresent(n -> Ranges.atLeast("max_length", n, 1, "1 or more"));
    Ranges.atLeast("min_new_tokens", minNewTokens, 0, "0 (off) or more");
    Ranges.atLeast("min_length", minLength, 0, "0 (off) or more");
    if (maxNewTokens.isPresent() && minNewTokens > maxNewTokens.getAsInt()) {
      throw GenerationException.option(
          "min_new_tokens", minNewTokens, "at most max_new_tokens=" + maxNewTokens.getAsInt());
    }
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw GenerationException.option(
          "temperature", temperature, "a number that is 0 (greedy) or more");
    }
    Ranges.atLeast("top_k", topK, 0, "0 (off) or more");
    Ranges.mass("top_p", topP);
    if (!(minP >= 0 && minP <= 1)) {
      throw GenerationException.option("min_p", minP, "a number in [0, 1]; 0 is off");
    }
    Ranges.mass("typical_p", typicalP);
    if (!(repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY)) {
      throw GenerationException.option(
          "repetition_penalty", repetitionPenalty, "a number above 0; 1 is off");
    }
    if (!(encoderRepetitionPenalty > 0 && encoderRepetitionPenalty < Double.POSITIVE_INFINITY)) {
      throw GenerationException.option(
          "encoder_repetition_penalty", encoderRepetitionPenalty, "a number above 0; 1 is off");
    }
    Ranges.finite("frequency_penalty", frequencyPenalty);
    Ranges.finite("presence_penalty", presencePenalty);
    Ranges.atLeast("no_repeat_ngram_size", noRepeatNgramSize, 0, "0 (off) or more");
    Ranges.atLeast("encoder_no_repeat_ngram_size", encoderNoRepeatNgramSize, 0, "0 (off) or more");
    sequenceBias = List.copyOf(sequenceBias);
    badWordsIds = badWordsIds.stream().map(List::copyOf).toList();
    for (List<Integer> word : badWordsIds) {
      if (word.isEmpty()) {
        throw GenerationException.option("a sequence of bad_words_ids", "[]", "one id or more");
      }
      word.forEach(id -> Ranges.token("bad_words_ids", id));
    }
    suppressTokens = tokens("suppress_tokens", suppressTokens);
    beginSuppressTokens = tokens("begin_suppress_tokens", beginSuppressTokens);
    decoderStartTokenId.ifPresent(id -> Ranges.token("decoder_start_token_id", id));
    forcedBosTokenId.ifPresent(id -> Ranges.token("forced_bos_token_id", id));
    forcedEosTokenIds = tokens("forced_eos_token_id", forcedEosTokenIds);
    eosTokenIds = tokens("eos_token_id", eosTokenIds);
    stopStrings = List.copyOf(stopStrings);
    if (stopStrings.contains("")) {
      throw GenerationException.option("one of stop_strings", "empty", "at least one character");
    }
    Ranges.atLeast("num_beams", numBeams, 1, "1 (no beam search) or more");
    Ranges.atLeast("num_return_sequences", numReturnSequences, 1, "1 or more");
    boolean draws = doSample && temperature > 0;
    if (numReturnSequences > 1 && (numBeams > 1 ? numReturnSequences > numBeams : !draws)) {
      throw GenerationException.option(
          "num_return_sequences",
          numReturnSequences,
          numBeams > 1
              ? "at most num_beams=" + numBeams
              : "1 where the most likely token is taken, as all sequences would be the same");
    }
    Ranges.finite("length_penalty", lengthPenalty);
  }

  private static List<Integer> tokens(String name, List<Integer> ids) {
    ids.forEach(id -> Ranges.token(name, id));
    return ids.stream().distinct().toList();
  }

  /**
   * What a model's {@code generation_config.json} says. Names in it that GenerationConfig does not
   * know are passed over, as transformers does: publishers put their own there.
   *
   * @throws dev.heddle.weights.WeightFileException if the file cannot be read or a value is not of
   *     its type
   * @throws GenerationException if a value is out of range, or asks for what is not supported
   */
  public static GenerationOptions read(Path file) {
    return new GenerationJson(JsonFields.read(file), false).over(DEFAULT);
  }

  /** What a model's {@code config.json} says where there is no {@code generation_config.json}. */
  public static GenerationOptions ofModel(JsonFields config) {
    return new GenerationJson(config, false).over(DEFAULT);
  }

  /** These options with those that a model's file has; names that nobody knows are passed over. */
  public GenerationOptions withModels(JsonFields fields) {
    return new GenerationJson(fields, false).over(this);
  }

  /**
   * These options with those that a caller's {@code fields} have, by GenerationConfig's names and
   * {@code frequency_penalty}, {@code presence_penalty} and {@code seed}. A {@code null} switches
   * an option off: {@code "eos_token_id": null} never ends. Unknown names are refused.
   *
   * @throws dev.heddle.weights.WeightFileException if a value is not of its type
   * @throws GenerationException if a name is unknown, a value is out of range, or asks for what is
   *     not supported
   */
  public GenerationOptions with(JsonFields fields) {
    return new GenerationJson(fields, true).over(this);
  }

  /** A builder that begins with these options. */
  public GenerationOptionsBuilder toBuilder() {
    return new GenerationOptionsBuilder(this);
  }

  /** A builder that begins with {@link #DEFAULT}. */
  public static GenerationOptionsBuilder builder() {
    return new GenerationOptionsBuilder();
  }

  /** True if the most likely token is taken, with nothing drawn. */
  public boolean greedy() {
    return !doSample || temperature == 0;
  }

  /**
   * True if nothing but temperature, top-k and top-p acts on the logits: what a device can do by
   * itself, with only ids coming back.
   */
  public boolean isPlain() {
    return minNewTokens == 0
        && minLength == 0
        && minP == 0
        && typicalP == 1
        && repetitionPenalty == 1
        && encoderRepetitionPenalty == 1
        && frequencyPenalty == 0
        && presencePenalty == 0
        && noRepeatNgramSize == 0
        && encoderNoRepeatNgramSize == 0
        && sequenceBias.isEmpty()
        && badWordsIds.isEmpty()
        && suppressTokens.isEmpty()
        && beginSuppressTokens.isEmpty()
        && forcedBosTokenId.isEmpty()
        && forcedEosTokenIds.isEmpty()
        && numBeams == 1;
  }

  /**
   * How many tokens may follow a prompt.
   *
   * @param context how many tokens the model holds, the prompt's included
   * @throws GenerationException if there is no place for a single one
   */
  public int newTokens(int promptLength, int context) {
    if (promptLength >= context) {
      throw new GenerationException(
          "the prompt has %d tokens; the model's context holds %d, the new ones included. Shorten it"
              .formatted(promptLength, context));
    }
    int wanted = maxNewTokens.orElse(NEW_TOKENS);
    if (maxNewTokens.isEmpty() && maxLength.isPresent()) {
      wanted = maxLength.getAsInt() - promptLength;
      if (wanted < 1) {
        throw new GenerationException(
            "the prompt has %d tokens; max_length=%d leaves none to generate. Set max_new_tokens"
                .formatted(promptLength, maxLength.getAsInt()));
      }
    }
    return Math.min(wanted, context - promptLength);
  }
}
