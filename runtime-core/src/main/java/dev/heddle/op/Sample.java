package dev.heddle.op;

/**
 * Chooses a token for each row of logits: the most likely, or one drawn from what temperature,
 * top-k and top-p leave, in the order of Hugging Face's transformers.
 *
 * <p>Inputs: {@link #LOGITS} F32 {@code [rows, vocabulary]}; and for each row, {@code [rows]},
 * {@link #TEMPERATURE} F32, {@link #TOP_K} I32, {@link #TOP_P} F32 and {@link #UNIFORM} F32, a
 * number drawn from [0, 1). Outputs: {@link #IDS} I32 {@code [rows]}, and optionally {@link
 * #LOG_PROBABILITIES} F32 {@code [rows]}: the logarithm of the chosen one's softmax over the row as
 * it was given. A row in which no token can be chosen, whose largest logit is not finite or which
 * has a NaN, gives -1 and NaN.
 *
 * <p>A temperature that is not above 0 takes the first of the largest. Else, by probabilities of
 * {@code logits / temperature}:
 *
 * <ol>
 *   <li>if {@code topK >= 1}, tokens with smaller logits than the k-th largest are taken out; those
 *       equal to it stay;
 *   <li>if {@code topP < 1}, a token stays while those before it together have less than {@code
 *       topP} of what is left, largest first, of equal ones the lower id first; the first always
 *       stays;
 *   <li>of what is left the first, by id, is taken at which the summed probabilities exceed {@code
 *       uniform} of their whole.
 * </ol>
 *
 * <p>Backends agree where {@code topP} and {@code uniform} are farther than 1e-5 from where the
 * answer changes. Each answers by a row's own numbers alone, to the bit: probabilities are counted
 * in whole units of 2^-{@value #MASS_BITS} of the largest one, so no order of summing matters.
 */
public record Sample() implements Op {
  public static final int LOGITS = 0;
  public static final int TEMPERATURE = 1;
  public static final int TOP_K = 2;
  public static final int TOP_P = 3;
  public static final int UNIFORM = 4;

  public static final int IDS = 0;
  public static final int LOG_PROBABILITIES = 1;

  /** The largest probability counts as two to this power. */
  public static final int MASS_BITS = 40;

  /** Longest rows: their sum fits into 63 bits. */
  public static final int LONGEST_ROW = 1 << 22;
}
