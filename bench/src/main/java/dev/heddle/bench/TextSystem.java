package dev.heddle.bench;

/** A runtime with one language model loaded. */
public interface TextSystem extends LoadedSystem {
  /**
   * Continues texts, all at once, with the most likely token each time and whatever tokens end a
   * text; none of them may be remembered from an earlier call.
   *
   * @param prompts token ids of each text
   * @param newTokens tokens to put behind each
   * @param arrivals told of each token as it is chosen
   * @return tokens of all prompts, as this system counts them
   */
  int generate(int[][] prompts, int newTokens, Arrivals arrivals);
}
