package dev.heddle.bench.result;

/**
 * Who computed.
 *
 * @param system {@code heddle} or a peer's name
 * @param version its version; null where it did not start
 * @param backend Heddle's; null of a peer
 * @param dtype what values are stored as: {@code f32}, {@code bf16}, {@code q4_0}; null where only
 *     the peer knows
 * @param arithmetic what tells it from others of its type: numerics, activations; null for nothing
 * @param threads that computed
 */
public record Contender(
    String system, String version, String backend, String dtype, String arithmetic, int threads) {
  /** The name of our own system. */
  public static final String HEDDLE = "heddle";

  /** {@code cpu} of our own, the system's name of a peer. */
  public String label() {
    return backend == null ? system : backend;
  }

  /** Type and arithmetic in words: {@code q4_0 int8}; null where no type is known. */
  public String type() {
    return dtype == null || arithmetic == null ? dtype : dtype + " " + arithmetic;
  }
}
