package dev.heddle.model;

import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import java.util.List;

/**
 * What encoders take that came from ONNX files: sequences side by side, {@code [batch, sequence]},
 * the shorter ones padded with zeros at their end.
 */
public final class PaddedInputs {
  private static final String ATTENTION_MASK = "attention_mask";
  private static final String POSITION_IDS = "position_ids";

  private PaddedInputs() {}

  /**
   * Refuses a graph that takes anything else, or no ids.
   *
   * @throws ModelException if it does
   */
  public static void check(Graph graph) {
    if (graph.inputs().stream().noneMatch(input -> input.name().equals(Encoder.INPUT_IDS))) {
      throw new ModelException(
          "%s: none of the inputs %s is input_ids".formatted(graph.name(), graph.inputs()));
    }
    for (Value input : graph.inputs()) {
      boolean known =
          switch (input.name()) {
            case Encoder.INPUT_IDS, ATTENTION_MASK, Encoder.TOKEN_TYPE_IDS, POSITION_IDS -> true;
            default -> false;
          };
      if (!known || input.type().rank() != 2 || !input.type().dtype().isInteger()) {
        throw new ModelException(
            ("%s: the input %s is not one that an encoder takes; those are input_ids,"
                    + " attention_mask, token_type_ids and position_ids, of whole numbers [batch,"
                    + " sequence]")
                .formatted(graph.name(), input));
      }
    }
  }

  /**
   * The tensor for {@code input}.
   *
   * @param ids the token ids of each sequence
   * @param typeIds which text of a pair each token belongs to
   */
  public static HostTensor of(Value input, List<int[]> ids, List<int[]> typeIds) {
    int longest = ids.stream().mapToInt(sequence -> sequence.length).max().orElse(0);
    HostTensor tensor = HostTensor.heap(input.type().dtype(), Shape.of(ids.size(), longest));
    for (int i = 0; i < ids.size(); i++) {
      for (int j = 0; j < ids.get(i).length; j++) {
        long value =
            switch (input.name()) {
              case Encoder.INPUT_IDS -> ids.get(i)[j];
              case ATTENTION_MASK -> 1;
              case Encoder.TOKEN_TYPE_IDS -> typeIds.get(i)[j];
              case POSITION_IDS -> j;
              default -> throw new IllegalArgumentException("an encoder takes no " + input);
            };
        tensor.setLong((long) i * longest + j, value);
      }
    }
    return tensor;
  }
}
