package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.Weights;
import java.util.List;
import java.util.OptionalInt;

/**
 * A decoder that also looks at another text, its source, which an encoder has read: what translates
 * and summarizes.
 *
 * <p>The encoder's graphs take an {@link Encoder}'s inputs, without token types. Of its states the
 * decoder needs keys and values alone, layer by layer, which do not change while it writes.
 */
public sealed interface EncoderDecoder extends Decoder permits Bart, T5 {
  /** The most tokens of a source. */
  int sourceLength();

  /** How many tokens the encoder knows; ids are below. */
  int sourceVocabularySize();

  /** What the graph takes as the position of each token of the source {@code ids}. */
  int[] sourcePositions(int[] ids);

  /** The token that a text begins with, where the configuration names one. */
  OptionalInt startToken();

  /** What each layer of the decoder keeps of a token of the source, first layer first. */
  List<CacheLayer> sourceLayers();

  /**
   * Adds the encoder to {@code graph}, its inputs included.
   *
   * @param maps whether the attention weights are wanted
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  Encoder.States encode(GraphBuilder graph, Weights weights, boolean maps);

  /**
   * What layer {@code layer} of the decoder looks at.
   *
   * @param states of the source, {@code [tokens, hidden]}
   */
  KeysValues source(GraphBuilder graph, Weights weights, int layer, Value states);

  /** Keys and values of a source, {@code [tokens, columns]}. */
  record KeysValues(Value keys, Value values) {}

  /**
   * The inputs of the encoder, I32.
   *
   * @param ids {@code [tokens]}
   * @param positions {@code [tokens]}
   * @param cuSeqLens {@code [sequences + 1]}
   */
  record SourceInputs(Value ids, Value positions, Value cuSeqLens) {
    static SourceInputs of(GraphBuilder graph) {
      TensorType perToken = TensorType.of(DType.I32, "tokens");
      return new SourceInputs(
          graph.input(Encoder.INPUT_IDS, perToken),
          graph.input(Encoder.POSITIONS, perToken),
          graph.input(
              Encoder.CU_SEQ_LENS,
              TensorType.of(DType.I32, Dim.symbol("sequences").plus(Dim.ONE))));
    }
  }
}
