package dev.heddle.model;

import dev.heddle.graph.Value;
import dev.heddle.weights.Weights;
import java.util.List;

/**
 * An architecture that continues a text: each token sees those before it.
 *
 * <p>Its graphs take a ragged batch; see {@link DecoderGraph} for their inputs.
 */
public sealed interface Decoder extends Architecture
    permits Bloom, EncoderDecoder, Gpt2, GptNeoX, Llama, Opt {
  /** What each layer keeps of a token, first layer first. */
  List<CacheLayer> cacheLayers();

  /**
   * Adds the network to {@code graph}, up to the state that the logits are made of.
   *
   * @return that state, {@code [tokens, hidden]}
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  Value decode(DecoderGraph graph, Weights weights);

  /** The logits of rows of {@link #decode}'s state: {@code [rows, vocabulary]}. */
  Value logits(DecoderGraph graph, Weights weights, Value state);

  /**
   * Adds a head behind {@link #decode}'s state, by transformers' classes: a matrix {@code score}
   * for the last token of each text, {@code score} or {@code classifier} for each token, {@code
   * qa_outputs}.
   *
   * @param state rows of it: of a text's last token alone for {@link Head#SEQUENCE_CLASSIFICATION}
   * @return its output, a row for each of the state's
   * @throws ModelException if decoders have no such head
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  default Value head(
      DecoderGraph graph, Weights weights, Head head, HeadSettings settings, Value state) {
    return DecoderHeads.of(graph.graph(), this, weights, head, settings, state);
  }

  /**
   * Angles of a rotation that depends on a sequence's length, which graphs take as an input; null
   * where angles depend on positions alone, or nothing is rotated.
   */
  default Rope lengthDependentRope() {
    return null;
  }

  /**
   * Whether a sequence that grows from {@code length} tokens to {@code longer} has to be run again
   * from its beginning on the way, as its rotation is another one.
   */
  default boolean rotatesAnew(int length, int longer) {
    Rope rope = lengthDependentRope();
    return rope != null
        && rope.byLength() instanceof Rope.Switched
        && !rope.sameAngles(length, longer);
  }

  /**
   * What a layer keeps of each token.
   *
   * @param keyColumns elements of its keys, of all key/value heads
   * @param valueColumns elements of its values
   * @param window tokens that later ones look back on, the own included; 0 for all
   */
  record CacheLayer(int keyColumns, int valueColumns, int window) {}
}
