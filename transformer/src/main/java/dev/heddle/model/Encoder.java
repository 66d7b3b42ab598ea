package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.weights.Weights;
import java.util.List;

/**
 * An architecture that reads whole sequences at once.
 *
 * <p>Its graphs take a ragged batch, sequences one after another: {@value #INPUT_IDS}, {@value
 * #POSITIONS} and, where {@link #hasTokenTypes}, {@value #TOKEN_TYPE_IDS}, each I32 {@code
 * [tokens]}, and {@value #CU_SEQ_LENS} I32 {@code [sequences + 1]}, the index of each sequence's
 * first token and, at the end, the number of tokens.
 */
public sealed interface Encoder extends Architecture permits Bert {
  String INPUT_IDS = "input_ids";
  String POSITIONS = "positions";
  String TOKEN_TYPE_IDS = "token_type_ids";
  String CU_SEQ_LENS = "cu_seq_lens";

  /** How many token types the model tells apart, 0 where it knows of none. */
  int tokenTypes();

  /** True if the model takes token types. */
  default boolean hasTokenTypes() {
    return tokenTypes() > 0;
  }

  /** The row of the position table that each token of the sequence {@code ids} takes. */
  int[] positions(int[] ids);

  /**
   * Adds the encoder to {@code graph}, its inputs included.
   *
   * @param maps whether the attention weights are wanted
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  States encode(GraphBuilder graph, Weights weights, boolean maps);

  /**
   * Adds a head behind {@link #encode}'s states.
   *
   * @return its output, of the shape that {@link Head} says
   * @throws dev.heddle.backend.HeddleException if a tensor is missing or has another shape
   */
  Value head(GraphBuilder graph, Weights weights, Head head, HeadSettings settings, States states);

  /**
   * What an encoder computes.
   *
   * @param cuSeqLens the input of that name
   * @param hidden after the embeddings and after each layer, {@code [tokens, hidden]}
   * @param attention each layer's weights, {@code [heads, tokens, max_keys]}; none if not wanted
   * @param pooled the pooler's output {@code [sequences, hidden]}, or null where the checkpoint has
   *     no pooler
   */
  record States(Value cuSeqLens, List<Value> hidden, List<Value> attention, Value pooled) {
    public States {
      hidden = List.copyOf(hidden);
      attention = List.copyOf(attention);
    }

    /** The last layer's output, {@code [tokens, hidden]}. */
    public Value last() {
      return hidden.getLast();
    }
  }
}
