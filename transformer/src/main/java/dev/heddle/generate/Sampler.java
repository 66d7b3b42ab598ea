package dev.heddle.generate;

/**
 * Chooses the token that comes next: the logits processors and warpers of Hugging Face's
 * transformers, in its order, then the most likely token or a draw.
 *
 * <p>A draw is a function of the seed, the sequence's number and the step, so that a sequence is
 * the same in any batch. Nothing is allocated by a choice. One object serves one thread and any
 * number of sequences.
 */
public final class Sampler {
  private final GenerationOptions options;
  private final int vocabulary;
  private final int maxNewTokens;
  private final Penalties penalties;
  private final Warpers warpers;

  /**
   * A sampler.
   *
   * @param vocabulary logits in a row
   * @param maxNewTokens where sequences end at the latest: {@link GenerationOptions#newTokens}
   * @throws GenerationException if an option names a token that the vocabulary does not have
   */
  public Sampler(GenerationOptions options, int vocabulary, int maxNewTokens) {
    this(options, vocabulary, maxNewTokens, new int[0]);
  }

  /**
   * The same of sequences about a source.
   *
   * @param source the ids that an encoder has read, or, without an encoder, the prompt's
   */
  public Sampler(GenerationOptions options, int vocabulary, int maxNewTokens, int[] source) {
    this.options = options;
    this.vocabulary = vocabulary;
    this.maxNewTokens = maxNewTokens;
    this.penalties = new Penalties(options, vocabulary, source);
    this.warpers = options.greedy() ? null : new Warpers(options, vocabulary);
  }

  /**
   * Does to a row of logits what the options say, in place; tokens that cannot come have negative
   * infinity. For beams the row is one of log-probabilities.
   *
   * @param logits the row begins at {@code at} and has as many as the vocabulary
   */
  public void process(float[] logits, int at, TokenSequence sequence) {
    penalties.apply(logits, at, sequence, maxNewTokens);
    if (warpers != null) {
      warpers.apply(logits, at);
    }
  }

  /**
   * The token that follows {@code sequence}; changes the row as {@link #process} does, and leaves
   * the sequence as it is.
   *
   * @param logits the row begins at {@code at} and has as many as the vocabulary
   * @throws GenerationException if no token is left, or a logit is NaN
   */
  public int next(float[] logits, int at, TokenSequence sequence) {
    process(logits, at, sequence);
    return warpers == null ? mostLikely(logits, at) : draw(sequence);
  }

  /** The first of those with the largest logit. */
  private int mostLikely(float[] logits, int at) {
    float largest = Warpers.largest(logits, at, vocabulary);
    int id = 0;
    while (logits[at + id] != largest) {
      id++;
    }
    return id;
  }

  private int draw(TokenSequence sequence) {
    return warpers.draw(Philox.uniform(options.seed(), sequence.number(), sequence.generated(), 0));
  }

  /**
   * Turns a row of logits into log-probabilities, in place.
   *
   * @throws GenerationException if the largest logit is not finite
   */
  public static void logSoftmax(float[] logits, int at, int length) {
    double logSum = logSum(logits, at, length);
    for (int i = at; i < at + length; i++) {
      logits[i] = (float) (logits[i] - logSum);
    }
  }

  /**
   * The log-probability of one token of a row of logits.
   *
   * @throws GenerationException if the largest logit is not finite
   */
  public static double logProbability(float[] logits, int at, int length, int id) {
    return logits[at + id] - logSum(logits, at, length);
  }

  private static double logSum(float[] logits, int at, int length) {
    float largest = Warpers.largest(logits, at, length);
    double sum = 0;
    for (int i = at; i < at + length; i++) {
      sum += Math.exp((double) logits[i] - largest);
    }
    return largest + Math.log(sum);
  }
}
