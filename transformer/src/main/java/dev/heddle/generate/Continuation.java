package dev.heddle.generate;

import java.util.List;

/** Sequences that continue one prompt, a token a step. */
sealed interface Continuation extends AutoCloseable permits BeamContinuation, SampledContinuation {
  /**
   * Goes one token further.
   *
   * @return false once all have ended
   */
  boolean step();

  /** Ends what has not ended. */
  void cancel();

  /** What there is, once {@link #step} has said that all have ended, or after {@link #cancel}. */
  List<GeneratedSequence> results();

  /** Tokens of the prompt that were in the cache before. */
  int cachedTokens();

  /** Gives the cache's pages back. */
  @Override
  void close();
}
