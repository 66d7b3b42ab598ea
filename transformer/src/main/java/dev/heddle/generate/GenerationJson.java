package dev.heddle.generate;

import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** Options by the names of Hugging Face's GenerationConfig. */
final class GenerationJson {
  /** Read and honoured. */
  private static final Set<String> KNOWN =
      Set.of(
          "max_new_tokens",
          "max_length",
          "min_new_tokens",
          "min_length",
          "do_sample",
          "temperature",
          "top_k",
          "top_p",
          "min_p",
          "typical_p",
          "repetition_penalty",
          "encoder_repetition_penalty",
          "frequency_penalty",
          "presence_penalty",
          "no_repeat_ngram_size",
          "encoder_no_repeat_ngram_size",
          "sequence_bias",
          "bad_words_ids",
          "suppress_tokens",
          "begin_suppress_tokens",
          "decoder_start_token_id",
          "forced_bos_token_id",
          "forced_eos_token_id",
          "eos_token_id",
          "stop_strings",
          "num_beams",
          "num_return_sequences",
          "length_penalty",
          "early_stopping",
          "seed");

  /** Of GenerationConfig, without any effect on the tokens that come out here. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "_commit_hash",
          "_from_model_config",
          "bos_token_id",
          "cache_config",
          "cache_implementation",
          "compile_config",
          "continuous_batching_config",
          "disable_compile",
          "is_assistant",
          "low_memory",
          "max_cache_len",
          "output_attentions",
          "output_hidden_states",
          "output_logits",
          "output_scores",
          "pad_token_id",
          "prefill_chunk_size",
          "remove_invalid_values",
          "return_dict_in_generate",
          "transformers_version",
          "use_cache",
          "use_mtp");

  /** Of GenerationConfig, not supported: refused unless {@link #isOff}. */
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "constraints",
          "diversity_penalty",
          "dola_layers",
          "epsilon_cutoff",
          "eta_cutoff",
          "exponential_decay_length_penalty",
          "force_words_ids",
          "guidance_scale",
          "max_time",
          "num_beam_groups",
          "penalty_alpha",
          "prompt_lookup_num_tokens",
          "renormalize_logits",
          "token_healing",
          "top_h",
          "watermarking_config");

  private final JsonFields fields;

  /** With {@code strict} a name that nobody knows is refused; else passed over. */
  GenerationJson(JsonFields fields, boolean strict) {
    this.fields = fields;
    for (String name : fields.names()) {
      if (KNOWN.contains(name) || WITHOUT_EFFECT.contains(name)) {
        continue;
      }
      if (UNSUPPORTED.contains(name)) {
        if (fields.has(name) && !isOff(name)) {
          throw new GenerationException(
              "%s: \"%s\" is not supported; remove it".formatted(fields.file(), name));
        }
      } else if (strict) {
        throw new GenerationException(
            "%s: there is no option \"%s\"; known are %s"
                .formatted(fields.file(), name, String.join(", ", new TreeSet<>(KNOWN))));
      }
    }
  }

  /** True for the value by which files of transformers say that they do not use an option. */
  private boolean isOff(String name) {
    JsonField field = fields.field(name);
    return switch (name) {
      case "renormalize_logits", "token_healing" -> !field.bool();
      case "guidance_scale", "num_beam_groups" -> field.finiteDouble() == 1;
      case "diversity_penalty", "epsilon_cutoff", "eta_cutoff", "penalty_alpha" ->
          field.finiteDouble() == 0;
      default -> false;
    };
  }

  /** {@code base} with what the fields say. */
  GenerationOptions over(GenerationOptions base) {
    GenerationOptionsBuilder to = base.toBuilder();
    try {
      for (String name : fields.names()) {
        if (KNOWN.contains(name)) {
          set(to, name, fields.field(name));
        }
      }
      return to.build();
    } catch (GenerationException e) {
      throw new GenerationException(fields.file() + ": " + e.getMessage());
    }
  }

  private void set(GenerationOptionsBuilder to, String name, JsonField field) {
    GenerationOptions off = GenerationOptions.DEFAULT;
    switch (name) {
      case "max_new_tokens" -> to.maxNewTokens(optional(field));
      case "max_length" -> to.maxLength(optional(field));
      case "min_new_tokens" -> to.minNewTokens(field.wholeInt(off.minNewTokens()));
      case "min_length" -> to.minLength(field.wholeInt(off.minLength()));
      case "do_sample" -> to.doSample(field.bool(off.doSample()));
      case "temperature" -> to.temperature(field.finiteDouble(off.temperature()));
      case "top_k" -> to.topK(field.wholeInt(off.topK()));
      case "top_p" -> to.topP(field.finiteDouble(off.topP()));
      case "min_p" -> to.minP(field.finiteDouble(off.minP()));
      case "typical_p" -> to.typicalP(field.finiteDouble(off.typicalP()));
      case "repetition_penalty" ->
          to.repetitionPenalty(field.finiteDouble(off.repetitionPenalty()));
      case "encoder_repetition_penalty" ->
          to.encoderRepetitionPenalty(field.finiteDouble(off.encoderRepetitionPenalty()));
      case "frequency_penalty" -> to.frequencyPenalty(field.finiteDouble(off.frequencyPenalty()));
      case "presence_penalty" -> to.presencePenalty(field.finiteDouble(off.presencePenalty()));
      case "no_repeat_ngram_size" -> to.noRepeatNgramSize(field.wholeInt(off.noRepeatNgramSize()));
      case "encoder_no_repeat_ngram_size" ->
          to.encoderNoRepeatNgramSize(field.wholeInt(off.encoderNoRepeatNgramSize()));
      case "sequence_bias" -> to.sequenceBias(field.present() ? biases(field) : List.of());
      case "bad_words_ids" -> to.badWordsIds(field.present() ? sequences(field) : List.of());
      case "suppress_tokens" -> to.suppressTokens(tokens(field));
      case "begin_suppress_tokens" -> to.beginSuppressTokens(tokens(field));
      case "decoder_start_token_id" -> to.decoderStartTokenId(optional(field));
      case "forced_bos_token_id" -> to.forcedBosTokenId(optional(field));
      case "forced_eos_token_id" -> to.forcedEosTokenIds(tokens(field));
      case "eos_token_id" -> to.eosTokenIds(tokens(field));
      case "stop_strings" -> to.stopStrings(field.present() ? field.strings() : List.of());
      case "num_beams" -> to.numBeams(field.wholeInt(off.numBeams()));
      case "num_return_sequences" -> to.numReturnSequences(field.wholeInt(1));
      case "length_penalty" -> to.lengthPenalty(field.finiteDouble(off.lengthPenalty()));
      case "early_stopping" -> to.earlyStopping(earlyStopping(field));
      case "seed" -> to.seed(field.wholeLong(0));
      default -> throw new IllegalStateException(name);
    }
  }

  private static OptionalInt optional(JsonField field) {
    return field.present() ? OptionalInt.of(field.wholeInt()) : OptionalInt.empty();
  }

  private static List<Integer> tokens(JsonField field) {
    return field.present() ? field.ints() : List.of();
  }

  private static List<List<Integer>> sequences(JsonField field) {
    return field.elements().stream().map(JsonField::ints).toList();
  }

  private static List<TokenBias> biases(JsonField field) {
    List<TokenBias> biases = new ArrayList<>();
    for (JsonField each : field.elements()) {
      List<JsonField> pair = each.elements();
      if (pair.size() != 2) {
        throw each.wrong("a pair: a list of token ids and their bias");
      }
      biases.add(new TokenBias(pair.get(0).ints(), pair.get(1).finiteDouble()));
    }
    return biases;
  }

  private static EarlyStopping earlyStopping(JsonField field) {
    if (!field.present()) {
      return EarlyStopping.HEURISTIC;
    }
    if (field.isBool()) {
      return field.bool() ? EarlyStopping.WHEN_ENOUGH : EarlyStopping.HEURISTIC;
    }
    field.oneOf(List.of("never"));
    return EarlyStopping.NEVER;
  }
}
