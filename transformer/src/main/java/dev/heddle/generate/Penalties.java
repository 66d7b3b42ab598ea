package dev.heddle.generate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the tokens so far make of the logits: the processors that transformers runs whether or not
 * it samples, in its order, then the frequency and presence penalties.
 */
final class Penalties {
  private static final float NEVER = Float.NEGATIVE_INFINITY;

  private final GenerationOptions options;
  private final int vocabulary;
  private final int[] source;
  private final int[][] biased;
  private final float[] biases;
  private final int[][] banned;
  private final int[] ends;
  private final int[] suppressed;
  private final int[] suppressedFirst;
  private final int[] forcedEnds;

  /** How often each token occurs; all zero between calls. */
  private final int[] counts;

  Penalties(GenerationOptions options, int vocabulary, int[] source) {
    this.options = options;
    this.source = source;
    this.vocabulary = vocabulary;
    // Of equal sequences the last counts, in the place of the first: a dictionary of Python's.
    Map<List<Integer>, Double> sequences = new LinkedHashMap<>();
    options.sequenceBias().forEach(each -> sequences.put(each.tokens(), each.bias()));
    this.biased = sequences.keySet().stream().map(Penalties::ints).toArray(int[][]::new);
    this.biases = new float[biased.length];
    int next = 0;
    for (double bias : sequences.values()) {
      biases[next++] = (float) bias;
    }
    // An end token alone is left out of the bad words.
    this.banned =
        options.badWordsIds().stream()
            .filter(word -> word.size() > 1 || !options.eosTokenIds().contains(word.getFirst()))
            .distinct()
            .map(Penalties::ints)
            .toArray(int[][]::new);
    this.ends = ints(options.eosTokenIds());
    this.suppressed = ints(options.suppressTokens());
    this.suppressedFirst = ints(options.beginSuppressTokens());
    this.forcedEnds = ints(options.forcedEosTokenIds());
    this.counts = new int[vocabulary];
    check("sequence_bias", biased);
    check("bad_words_ids", banned);
    check("forced_eos_token_id", forcedEnds);
    options.forcedBosTokenId().ifPresent(id -> check("forced_bos_token_id", new int[] {id}));
  }

  private static int[] ints(List<Integer> ids) {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private void check(String name, int[]... sequences) {
    for (int[] sequence : sequences) {
      for (int id : sequence) {
        if (id >= vocabulary) {
          throw GenerationException.option(
              "a token id of " + name, id, "less than the vocabulary's %d".formatted(vocabulary));
        }
      }
    }
  }

  /** Changes the row {@code logits[at ... at + vocabulary - 1]}. */
  void apply(float[] logits, int at, TokenSequence sequence, int maxNewTokens) {
    for (int i = 0; i < biased.length; i++) {
      if (mayCome(biased[i], sequence)) {
        logits[at + last(biased[i])] += biases[i];
      }
    }
    if (options.encoderRepetitionPenalty() != 1) {
      faithfulness(logits, at);
    }
    if (options.repetitionPenalty() != 1) {
      repetition(logits, at, sequence);
    }
    if (options.noRepeatNgramSize() > 0) {
      ngrams(logits, at, sequence);
    }
    if (options.encoderNoRepeatNgramSize() > 0) {
      sourceNgrams(logits, at, sequence);
    }
    for (int[] word : banned) {
      if (mayCome(word, sequence)) {
        logits[at + last(word)] = NEVER;
      }
    }
    if (sequence.length() < options.minLength() || sequence.generated() < options.minNewTokens()) {
      remove(logits, at, ends);
    }
    if (options.forcedBosTokenId().isPresent() && sequence.length() == 1) {
      remove(logits, at, null);
      logits[at + options.forcedBosTokenId().getAsInt()] = 0;
    }
    if (forcedEnds.length > 0 && sequence.generated() == maxNewTokens - 1) {
      remove(logits, at, null);
      for (int id : forcedEnds) {
        logits[at + id] = 0;
      }
    }
    remove(logits, at, suppressed);
    if (suppressedFirst.length > 0 && sequence.generated() == firstFree(sequence)) {
      remove(logits, at, suppressedFirst);
    }
    if (options.frequencyPenalty() != 0 || options.presencePenalty() != 0) {
      frequency(logits, at, sequence);
    }
  }

  /** The step of the first token that is not forced. */
  private int firstFree(TokenSequence sequence) {
    return sequence.promptLength() > 1 || options.forcedBosTokenId().isEmpty() ? 0 : 1;
  }

  /** Takes these ids out; null: all. */
  private void remove(float[] logits, int at, int[] ids) {
    if (ids == null) {
      for (int id = 0; id < vocabulary; id++) {
        logits[at + id] = NEVER;
      }
      return;
    }
    for (int id : ids) {
      if (id < vocabulary) {
        logits[at + id] = NEVER;
      }
    }
  }

  private static int last(int[] tokens) {
    return tokens[tokens.length - 1];
  }

  /** True if the sequence ends with all of {@code tokens} but the last. */
  private static boolean mayCome(int[] tokens, TokenSequence sequence) {
    int prefix = tokens.length - 1;
    int start = sequence.length() - prefix;
    if (start < 0) {
      return false;
    }
    for (int i = 0; i < prefix; i++) {
      if (sequence.get(start + i) != tokens[i]) {
        return false;
      }
    }
    return true;
  }

  /** A positive logit is divided, a negative one multiplied, once for each distinct token. */
  private void repetition(float[] logits, int at, TokenSequence sequence) {
    double penalty = options.repetitionPenalty();
    for (int i = 0; i < sequence.length(); i++) {
      int id = sequence.get(i);
      if (id < vocabulary && counts[id]++ == 0) {
        logits[at + id] = penalised(logits[at + id], penalty);
      }
    }
    forget(sequence, 0);
  }

  /** Makes the source's tokens likelier, once each: the repetition penalty turned round. */
  private void faithfulness(float[] logits, int at) {
    double penalty = 1 / options.encoderRepetitionPenalty();
    for (int id : source) {
      if (id < vocabulary && counts[id]++ == 0) {
        logits[at + id] = penalised(logits[at + id], penalty);
      }
    }
    for (int id : source) {
      if (id < vocabulary) {
        counts[id] = 0;
      }
    }
  }

  private static float penalised(float logit, double penalty) {
    return (float) (logit < 0 ? logit * penalty : logit / penalty);
  }

  private void frequency(float[] logits, int at, TokenSequence sequence) {
    for (int i = sequence.promptLength(); i < sequence.length(); i++) {
      if (sequence.get(i) < vocabulary) {
        counts[sequence.get(i)]++;
      }
    }
    for (int i = sequence.promptLength(); i < sequence.length(); i++) {
      int id = sequence.get(i);
      if (id < vocabulary && counts[id] > 0) {
        double penalty = options.frequencyPenalty() * counts[id] + options.presencePenalty();
        logits[at + id] = (float) (logits[at + id] - penalty);
        counts[id] = 0;
      }
    }
  }

  private void forget(TokenSequence sequence, int from) {
    for (int i = from; i < sequence.length(); i++) {
      if (sequence.get(i) < vocabulary) {
        counts[sequence.get(i)] = 0;
      }
    }
  }

  /** Takes out what would end an n-gram of the source. */
  private void sourceNgrams(float[] logits, int at, TokenSequence sequence) {
    int prefix = options.encoderNoRepeatNgramSize() - 1;
    int suffix = sequence.length() - prefix;
    for (int start = 0; suffix >= 0 && start + prefix < source.length; start++) {
      int same = 0;
      while (same < prefix && source[start + same] == sequence.get(suffix + same)) {
        same++;
      }
      int next = source[start + prefix];
      if (same == prefix && next < vocabulary) {
        logits[at + next] = NEVER;
      }
    }
  }

  /** Takes out what would end an n-gram that is there already. */
  private void ngrams(float[] logits, int at, TokenSequence sequence) {
    int prefix = options.noRepeatNgramSize() - 1;
    int suffix = sequence.length() - prefix;
    for (int start = 0; start + prefix < sequence.length(); start++) {
      int same = 0;
      while (same < prefix && sequence.get(start + same) == sequence.get(suffix + same)) {
        same++;
      }
      int next = sequence.get(start + prefix);
      if (same == prefix && next < vocabulary) {
        logits[at + next] = NEVER;
      }
    }
  }
}
