package dev.heddle.bench;

/** A runtime with one embedding model loaded. */
public interface EmbeddingSystem extends LoadedSystem {
  /**
   * One vector for each text: the mean of the last hidden states over its tokens, with length 1.
   *
   * @param ids token ids of each text, special tokens included
   */
  float[][] embed(int[][] ids);
}
