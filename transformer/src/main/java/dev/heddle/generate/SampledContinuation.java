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
  private final Decoding decoding;
  private final Source source;
  private final GenerationOptions options;

  /** Null where the backend chooses. */
  private final Sampler sampler;

  private final float[] logits;
  private final TokenListener listener;
  private final PrefixCache prefix;
  private final Cancellation cancellation;
  private final int cachedTokens;
  private final int maxNewTokens;
  private final List<Continued> all = new ArrayList<>();
  private final List<KvCache.Sequence> caches = new ArrayList<>();
  private final int[] ends;
  private final int[] last = new int[1];
  private boolean cancelled;

  /**
   * Takes in the prompt.
   *
   * @param source what the decoder looks at besides, which is closed with this
   * @param streams makes each sequence's text as it comes, or null where nobody looks at it
   * @param decoder the text of ids, or null where the model has no tokenizer
   * @param prefix what the generation before has left, and takes what this one leaves; or null
   */
  SampledContinuation(
      Decoding decoding,
      Source source,
      int[] prompt,
      GenerationOptions options,
      int maxNewTokens,
      boolean logProbabilities,
      Supplier<TextStream> streams,
      Function<int[], String> decoder,
      TokenListener listener,
      PrefixCache prefix,
      Cancellation cancellation) {
    this.decoding = decoding;
    this.source = source;
    this.options = options;
    this.maxNewTokens = maxNewTokens;
    this.listener = listener;
    this.prefix = prefix;
    this.cancellation = cancellation;
    this.ends = options.eosTokenIds().stream().mapToInt(Integer::intValue).toArray();
    int count = options.numReturnSequences();
    boolean plain = options.isPlain();
    int vocabulary = decoding.vocabularySize();
    this.sampler = plain ? null : new Sampler(options, vocabulary, maxNewTokens, source.ids());
    this.logits = decoding.rows(plain ? 0 : count);
    for (int i = 0; i < count; i++) {
      TokenSequence tokens = new TokenSequence(i, prompt, prompt.length + maxNewTokens);
      TextStream stream = streams == null ? null : streams.get();
      all.add(new Continued(tokens, stream, decoder, logProbabilities));
    }
    KvCache.Sequence first =
        prefix == null ? decoding.begin("sequence 0", source.kept()) : prefix.take(prompt);
    caches.add(first);
    this.cachedTokens = first.length();
    try {
      if (!decoding.takeIn(first, prompt, prompt.length, 0, cancellation)) {
        cancel();
        return;
      }
      all.forEach(each -> addRow(each.tokens));
      run();
      for (int i = 1; i < count; i++) {
        caches.add(first.fork("sequence " + i));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  @Override
  public boolean step() {
    if (!cancelled && all.getFirst().tokens.generated() > 0 && !advance()) {
      cancel();
    }
    int row = 0;
    boolean running = false;
    for (int i = 0; i < all.size(); i++) {
      Continued sequence = all.get(i);
      if (!sequence.hasEnded() && !cancelled) {
        choose(i, sequence, row++);
        running |= !sequence.hasEnded();
      }
    }
    return running && !cancelled;
  }

  private void addRow(TokenSequence tokens) {
    if (sampler == null) {
      decoding.draw(options, tokens);
    } else {
      decoding.addRow();
    }
  }

  private void run() {
    if (sampler == null) {
      decoding.choose();
    } else {
      decoding.run(logits);
    }
  }

  /** A step of every sequence that goes on; false if it was cancelled meanwhile. */
  private boolean advance() {
    for (int i = 0; i < all.size(); i++) {
      if (!all.get(i).hasEnded()
          && !decoding.readyFor(caches.get(i), all.get(i).tokens, cancellation)) {
        return false;
      }
    }
    try {
      for (int i = 0; i < all.size(); i++) {
        if (!all.get(i).hasEnded()) {
          TokenSequence tokens = all.get(i).tokens;
          last[0] = tokens.get(tokens.length() - 1);
          decoding.add(caches.get(i), last, 0, 1, 0);
          addRow(tokens);
        }
      }
    } catch (RuntimeException e) {
      decoding.clear();
      throw e;
    }
    run();
    return true;
  }

  private void choose(int index, Continued sequence, int row) {
    TokenSequence tokens = sequence.tokens;
    int id = sampler == null ? drawn(row, sequence) : sampled(row, sequence);
    StopReason reason = null;
    if (ends(id)) {
      reason = StopReason.EOS;
    } else if (tokens.generated() + 1 >= maxNewTokens) {
      reason = StopReason.LENGTH;
    }
    String shown = sequence.add(id, reason);
    if (sequence.hasEnded() && !isKept(index)) {
      caches.get(index).close();
    }
    if (listener != null && !listener.token(index, id, shown)) {
      cancel();
    }
  }

  private int drawn(int row, Continued sequence) {
    int id = decoding.chosen(row);
    if (sequence.wantsLogProbability()) {
      sequence.logProbability(decoding.logProbability(row));
    }
    return id;
  }

  private int sampled(int row, Continued sequence) {
    int vocabulary = decoding.vocabularySize();
    int at = row * vocabulary;
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

  private boolean isKept(int index) {
    return prefix != null && index == 0;
  }

  @Override
  public int cachedTokens() {
    return cachedTokens;
  }

  @Override
  public void cancel() {
    cancelled = true;
    all.forEach(Continued::cancel);
  }

  @Override
  public List<GeneratedSequence> results() {
    return all.stream().map(Continued::result).toList();
  }

  @Override
  public void close() {
    for (int i = 0; i < caches.size(); i++) {
      if (isKept(i)) {
        prefix.keep(caches.get(i), all.get(i).tokens);
      } else {
        caches.get(i).close();
      }
    }
    source.close();
  }
}
