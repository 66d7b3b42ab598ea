package dev.heddle.generate;

import java.util.List;

/** Sequences that continue one prompt together, a token a step, and how the tokens are chosen. */
sealed interface Continuation permits BeamContinuation, SampledContinuation {
  /** Sequences, those that have ended included. */
  int size();

  /** Whether the sequence wants more tokens. */
  boolean goesOn(int sequence);

  /** What there is of a sequence, prompt first. */
  TokenSequence tokens(int sequence);

  /** Whether tokens are chosen from logits, on the host. */
  boolean readsLogits();

  /** Wants, of the next run, what the token behind the last one added is chosen by. */
  void want(Decoding decoding, int sequence);

  /** How many sequences want a token behind the prompt: then the same row is wanted as often. */
  int first();

  /**
   * Chooses a token for each sequence that was wanted, in their order.
   *
   * @param logits those of the run, if they are read
   * @param row of the first of them in the run
   */
  void choose(Decoding decoding, float[] logits, int row);

  /** Whose keys and values a sequence goes on with, by the order before the last choice. */
  int parent(int sequence);

  /** Ends what has not ended. */
  void stop(StopReason reason);

  /**
   * What there is, once nothing goes on.
   *
   * @param read of each sequence, tokens that somebody has seen, where that is where it ends; null
   *     for all
   */
  List<GeneratedSequence> results(int[] read);
}
