package dev.heddle.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;

/** A beam search: every step runs all beams at once, and a beam that wins twice is forked. */
final class BeamContinuation implements Continuation {
  private final Sampler sampler;
  private final BeamSearch search;
  private final Function<int[], String> text;
  private final StopStrings stops;
  private final int beams;
  private final int vocabulary;
  private boolean goesOn = true;

  /** Why the search was ended before its end, or null. */
  private StopReason stopped;

  /**
   * Beams that begin with {@code prompt}.
   *
   * @param source what an encoder has read, or, without an encoder, the prompt
   * @param text the text of ids, or null where the model has no tokenizer
   * @param stops strings that end a beam, or null
   */
  BeamContinuation(
      int[] prompt,
      int[] source,
      int vocabulary,
      GenerationOptions options,
      int maxNewTokens,
      Function<int[], String> text,
      StopStrings stops) {
    this.text = text;
    this.stops = stops;
    this.beams = options.numBeams();
    this.vocabulary = vocabulary;
    this.sampler = new Sampler(options, vocabulary, maxNewTokens, source);
    this.search = new BeamSearch(options, prompt, vocabulary, maxNewTokens, this::hasStop);
  }

  private boolean hasStop(TokenSequence sequence) {
    return stops != null && stops.find(text.apply(sequence.generatedIds())) >= 0;
  }

  @Override
  public int size() {
    return beams;
  }

  @Override
  public int first() {
    return 1;
  }

  @Override
  public boolean goesOn(int sequence) {
    return goesOn;
  }

  @Override
  public TokenSequence tokens(int sequence) {
    return search.sequence(sequence);
  }

  @Override
  public boolean readsLogits() {
    return true;
  }

  @Override
  public void want(Decoding decoding, int sequence) {
    decoding.addRow();
  }

  @Override
  public void choose(Decoding decoding, float[] logits, int row) {
    for (int beam = 0; beam < search.rows(); beam++) {
      int at = (row + beam) * vocabulary;
      Sampler.logSoftmax(logits, at, vocabulary);
      sampler.process(logits, at, search.sequence(beam));
    }
    goesOn = search.step(logits, row * vocabulary);
  }

  @Override
  public int parent(int sequence) {
    return search.parent(sequence);
  }

  @Override
  public void stop(StopReason reason) {
    if (goesOn) {
      goesOn = false;
      stopped = reason;
    }
  }

  @Override
  public List<GeneratedSequence> results(int[] read) {
    List<GeneratedSequence> results = new ArrayList<>();
    for (Hypothesis each : stopped == null ? search.best() : search.bestSoFar(stopped)) {
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
}
