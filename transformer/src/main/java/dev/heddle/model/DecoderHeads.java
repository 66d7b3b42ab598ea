package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.weights.Weights;
import java.nio.file.Path;

/** What stands behind decoders in place of the next token's logits: one product. */
final class DecoderHeads {
  private DecoderHeads() {}

  static Value of(
      GraphBuilder graph,
      Decoder decoder,
      Weights weights,
      Head head,
      HeadSettings settings,
      Value state) {
    String matrix =
        switch (head) {
          case SEQUENCE_CLASSIFICATION -> "score";
          case TOKEN_CLASSIFICATION -> weights.has("classifier.weight") ? "classifier" : "score";
          case QUESTION_ANSWERING -> "qa_outputs";
          case MASKED_LM ->
              throw new ModelException(
                  "%s continues texts and fills no gaps; expected an encoder"
                      .formatted(decoder.family()));
        };
    Parameters p = new Parameters(graph, weights, Path.of("config.json"), decoder.family(), "", "");
    Size hidden = new Size("hidden", "hidden_size", decoder.hiddenSize());
    Size labels =
        head == Head.QUESTION_ANSWERING
            ? new Size("start and end", "num_labels", 2)
            : Size.labels(settings, weights, matrix);
    return p.linear(matrix, state, hidden, labels, weights.has(matrix + ".bias"));
  }
}
