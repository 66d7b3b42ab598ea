package dev.heddle.generate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/** A beam search: every step runs all beams at once, and a beam that wins twice is forked. */
final class BeamContinuation implements Continuation {
  private final Decoding decoding;
  private final Source source;
  private final Sampler sampler;
  private final BeamSearch search;
  private final Function<int[], String> text;
  private final StopStrings stops;
  private final Cancellation cancellation;
  private final float[] logits;
  private final int[] last = new int[1];
  private final boolean[] taken;
  private KvCache.Sequence[] caches;
  private KvCache.Sequence[] spare;
  private boolean first = true;
  private boolean cancelled;

  /**
   * Takes in the prompt.
   *
   * @param source what the decoder looks at besides, which is closed with this
   * @param text the text of ids, or null where the model has no tokenizer
   */
  BeamContinuation(
      Decoding decoding,
      Source source,
      int[] prompt,
      GenerationOptions options,
      int maxNewTokens,
      Function<int[], String> text,
      StopStrings stops,
      Cancellation cancellation) {
    this.decoding = decoding;
    this.source = source;
    this.text = text;
    this.stops = stops;
    this.cancellation = cancellation;
    int vocabulary = decoding.vocabularySize();
    this.sampler = new Sampler(options, vocabulary, maxNewTokens, source.ids());
    this.search = new BeamSearch(options, prompt, vocabulary, maxNewTokens, this::hasStop);
    this.logits = decoding.rows(options.numBeams());
    this.caches = new KvCache.Sequence[options.numBeams()];
    this.spare = new KvCache.Sequence[caches.length];
    this.taken = new boolean[caches.length];
    caches[0] = decoding.begin("beam 0", source.kept());
    try {
      cancelled = !decoding.prefill(caches[0], prompt, logits, cancellation);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private boolean hasStop(TokenSequence sequence) {
    return stops != null && stops.find(text.apply(sequence.generatedIds())) >= 0;
  }

  @Override
  public boolean step() {
    if (cancelled) {
      return false;
    }
    if (!first && !advance()) {
      cancelled = true;
      return false;
    }
    first = false;
    int vocabulary = decoding.vocabularySize();
    for (int beam = 0; beam < search.rows(); beam++) {
      Sampler.logSoftmax(logits, beam * vocabulary, vocabulary);
      sampler.process(logits, beam * vocabulary, search.sequence(beam));
    }
    boolean goesOn = search.step(logits);
    if (goesOn) {
      follow();
    }
    return goesOn;
  }

  /** False if it was cancelled meanwhile. */
  private boolean advance() {
    for (int beam = 0; beam < caches.length; beam++) {
      if (!decoding.readyFor(caches[beam], search.sequence(beam), cancellation)) {
        return false;
      }
    }
    try {
      for (int beam = 0; beam < caches.length; beam++) {
        TokenSequence tokens = search.sequence(beam);
        last[0] = tokens.get(tokens.length() - 1);
        decoding.add(caches[beam], last, 0, 1, 1);
      }
    } catch (RuntimeException e) {
      decoding.clear();
      throw e;
    }
    decoding.run(logits);
    return true;
  }

  /** Gives each beam the keys and values of the one that it continues. */
  private void follow() {
    KvCache.Sequence[] next = spare;
    Arrays.fill(next, null);
    Arrays.fill(taken, false);
    try {
      for (int beam = 0; beam < next.length; beam++) {
        int parent = search.parent(beam);
        next[beam] = taken[parent] ? caches[parent].fork("beam " + beam) : caches[parent];
        taken[parent] = true;
      }
    } finally {
      for (int beam = 0; beam < caches.length; beam++) {
        if (!taken[beam] && caches[beam] != null) {
          caches[beam].close();
        }
      }
      spare = caches;
      caches = next;
    }
  }

  @Override
  public int cachedTokens() {
    return 0;
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  @Override
  public List<GeneratedSequence> results() {
    List<GeneratedSequence> results = new ArrayList<>();
    for (Hypothesis each : cancelled ? search.bestSoFar() : search.best()) {
      results.add(
          new GeneratedSequence(
              each.ids(),
              text == null ? null : shown(each.ids()),
              OptionalDouble.of(each.score()),
              null,
              each.stopped()));
    }
    return results;
  }

  private String shown(int[] ids) {
    String all = text.apply(ids);
    int stop = stops == null ? -1 : stops.find(all);
    return stop < 0 ? all : all.substring(0, stop);
  }

  @Override
  public void close() {
    for (KvCache.Sequence cache : caches) {
      if (cache != null) {
        cache.close();
      }
    }
    source.close();
  }
}
