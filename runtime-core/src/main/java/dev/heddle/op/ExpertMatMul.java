package dev.heddle.op;

/**
 * A linear layer for each token's chosen experts: {@code y[t, c] = x[t] @ w[experts[t, c]]^T}, or
 * {@code x[t, c]} where each choice has a row of its own. What is not chosen is not computed
 * (Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts
 * Layer", 2017).
 *
 * <p>Inputs: {@link #X} {@code [tokens, k]} or {@code [tokens, chosen, k]}, any float type; {@link
 * #EXPERTS} {@code [tokens, chosen]}, I32 or I64, in {@code [-experts, experts)}, negative ones
 * counting from the end; others are an error of the run; from {@link #WEIGHTS} on the experts'
 * matrices {@code [n, k]}, all of one type: floats, or blocks where x is F32. Output: {@code
 * [tokens, chosen, n]} of x's type. A row is the same whatever stands beside it.
 */
public record ExpertMatMul() implements Op {
  public static final int X = 0;
  public static final int EXPERTS = 1;
  public static final int WEIGHTS = 2;
}
