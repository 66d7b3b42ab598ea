package dev.heddle.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Independent sequences from one prompt, each the most likely token at a time, or drawn: by the
 * backend where temperature, top-k and top-p are all there is to it, else by a {@link Sampler} from
 * the logits.
 */
final class SampledContinuation implements Continuation {
  private final GenerationOptions options;

  /** Null where the backend chooses. */
  private final Sampler sampler;

  private final GenerationStream stream;
  private final int maxNewTokens;
  private final List<Continued> all = new ArrayList<>();
  private final int[] ends;
  private boolean begun;

  /**
   * Sequences that begin with {@code prompt}.
   *
   * @param source what an encoder has read, or, without an encoder, the prompt
   * @param texts makes each sequence's text as it comes, or null where it ends nothing
   * @param decoder the text of ids, or null where the model has no tokenizer
   * @param stream is given each token
   */
  SampledContinuation(
      int[] prompt,
      int[] source,
      int vocabulary,
      GenerationOptions options,
      int maxNewTokens,
      boolean logProbabilities,
      Supplier<TextStream> texts,
      Function<int[], String> decoder,
      GenerationStream stream) {
    this.options = options;
    this.maxNewTokens = maxNewTokens;
    this.stream = stream;
    this.ends = options.eosTokenIds().stream().mapToInt(Integer::intValue).toArray();
    this.sampler =
        options.isPlain() ? null : new Sampler(options, vocabulary, maxNewTokens, source);
    for (int i = 0; i < options.numReturnSequences(); i++) {
      TokenSequence tokens = new TokenSequence(i, prompt, prompt.length + maxNewTokens);
      TextStream text = texts == null ? null : texts.get();
      all.add(new Continued(tokens, text, decoder, logProbabilities));
    }
  }

  @Override
  public int size() {
    return all.size();
  }

  @Override
  public int first() {
    return all.size();
  }

  @Override
  public boolean goesOn(int sequence) {
    return !all.get(sequence).hasEnded();
  }

  @Override
  public TokenSequence tokens(int sequence) {
    return all.get(sequence).tokens;
  }

  @Override
  public boolean readsLogits() {
    return sampler != null;
  }

  @Override
  public void want(Decoding decoding, int sequence) {
    if (sampler == null) {
      decoding.draw(options, tokens(sequence));
    } else {
      decoding.addRow();
    }
  }

  @Override
  public void choose(Decoding decoding, float[] logits, int row) {
    begun = all.getFirst().tokens.generated() > 0;
    int next = row;
    for (int i = 0; i < all.size(); i++) {
      if (goesOn(i)) {
        choose(decoding, logits, i, next++);
      }
    }
  }

  private void choose(Decoding decoding, float[] logits, int index, int row) {
    Continued sequence = all.get(index);
    int id =
        sampler == null
            ? drawn(decoding, row, sequence)
            : sampled(logits, row * decoding.vocabularySize(), decoding, sequence);
    StopReason reason = null;
    if (ends(id)) {
      reason = StopReason.EOS;
    } else if (sequence.tokens.generated() + 1 >= maxNewTokens) {
      reason = StopReason.LENGTH;
    }
    String shown = sequence.add(id, reason);
    stream.put(index, id, shown, sequence.hasEnded());
  }

  private static int drawn(Decoding decoding, int row, Continued sequence) {
    int id = decoding.chosen(row);
    if (sequence.wantsLogProbability()) {
      sequence.logProbability(decoding.logProbability(row));
    }
    return id;
  }

  private int sampled(float[] logits, int at, Decoding decoding, Continued sequence) {
    int vocabulary = decoding.vocabularySize();
    float[] raw =
        sequence.wantsLogProbability() ? Arrays.copyOfRange(logits, at, at + vocabulary) : null;
    int id = sampler.next(logits, at, sequence.tokens);
    if (raw != null) {
      sequence.logProbability(Sampler.logProbability(raw, 0, vocabulary, id));
    }
    return id;
  }

  private boolean ends(int id) {
    for (int end : ends) {
      if (end == id) {
        return true;
      }
    }
    return false;
  }

  @Override
  public int parent(int sequence) {
    return begun ? sequence : 0;
  }

  @Override
  public void stop(StopReason reason) {
    for (Continued each : all) {
      each.stop(reason);
    }
  }

  @Override
  public List<GeneratedSequence> results(int[] read) {
    List<GeneratedSequence> results = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      results.add(all.get(i).result(read == null ? Integer.MAX_VALUE : read[i]));
    }
    return results;
  }
}
