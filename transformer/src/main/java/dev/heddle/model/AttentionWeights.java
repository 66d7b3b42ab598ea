package dev.heddle.model;

/**
 * The weights of one head: of each query a row, which sums to 1 unless it sees no key.
 *
 * @param kind who attends to whom
 * @param layer the layer among those of its kind, counted from 0
 * @param head the head within its layer, counted from 0
 * @param queries tokens that attend
 * @param keys tokens that are attended to
 * @param values {@code [queries, keys]}, row by row
 */
public record AttentionWeights(
    AttentionKind kind, int layer, int head, int queries, int keys, float[] values) {
  public AttentionWeights {
    if (values.length != (long) queries * keys) {
      throw new IllegalArgumentException(
          "%d weights of %d queries to %d keys".formatted(values.length, queries, keys));
    }
  }

  /** How much of key {@code key} goes into query {@code query}. */
  public float weight(int query, int key) {
    return values[query * keys + key];
  }
}
