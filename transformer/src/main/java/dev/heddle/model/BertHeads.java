package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Unary;

/**
 * What the models of BERT's kind have behind their last states, by transformers' classes: each
 * family has its own way from the first token's state to a text's labels, and from a state to the
 * masked word.
 *
 * @param model the network
 * @param kind whose heads they are
 * @param encoder tensors of the encoder
 * @param words the name of its embeddings, which masked words' logits share
 */
record BertHeads(GraphBuilder graph, Bert model, Kind kind, Parameters encoder, String words) {
  /** Whose class it is. */
  enum Kind {
    BERT,
    ROBERTA,
    DISTILBERT,
    ELECTRA
  }

  /** The head's output; {@link Head} says of which shape. */
  Value of(Head head, Size labels, Encoder.States states) {
    Size hidden = model.hidden();
    Parameters own = encoder.bare();
    return switch (head) {
      case SEQUENCE_CLASSIFICATION -> sequence(own, labels, states);
      case TOKEN_CLASSIFICATION -> own.linear("classifier", states.last(), hidden, labels);
      case QUESTION_ANSWERING -> {
        Size both = new Size("start and end", "num_labels", 2);
        yield own.linear("qa_outputs", states.last(), hidden, both);
      }
      case MASKED_LM -> masked(own, states.last());
    };
  }

  private Value sequence(Parameters own, Size labels, Encoder.States states) {
    Size hidden = model.hidden();
    Value first = graph.pool(SegmentPool.Kind.FIRST, states.last(), states.cuSeqLens());
    return switch (kind) {
      case BERT -> {
        Value pooled =
            states.pooled() == null ? model.pooled(graph, encoder, first) : states.pooled();
        yield own.linear("classifier", pooled, hidden, labels);
      }
      case DISTILBERT -> {
        Value x = own.linear("pre_classifier", first, hidden, hidden);
        yield own.linear("classifier", graph.unary(Unary.Kind.RELU, x), hidden, labels);
      }
      case ROBERTA, ELECTRA -> {
        Value x = own.linear("classifier.dense", first, hidden, hidden);
        x = graph.unary(kind == Kind.ROBERTA ? Unary.Kind.TANH : Unary.Kind.GELU, x);
        yield own.linear("classifier.out_proj", x, hidden, labels);
      }
    };
  }

  private Value masked(Parameters own, Value x) {
    return switch (kind) {
      case BERT -> {
        String at = "cls.predictions.";
        Value y =
            transformed(
                own, x, at + "transform.dense", at + "transform.LayerNorm", model.activation());
        yield words(own, y, at + "decoder.weight", at + "bias");
      }
      case ROBERTA -> {
        Value y = transformed(own, x, "lm_head.dense", "lm_head.layer_norm", Unary.Kind.GELU);
        yield words(own, y, "lm_head.decoder.weight", "lm_head.bias");
      }
      case DISTILBERT -> {
        Value y = transformed(own, x, "vocab_transform", "vocab_layer_norm", model.activation());
        yield words(own, y, "vocab_projector.weight", "vocab_projector.bias");
      }
      case ELECTRA -> {
        String at = "generator_predictions.";
        Value y = transformed(own, x, at + "dense", at + "LayerNorm", Unary.Kind.GELU);
        yield words(own, y, "generator_lm_head.weight", "generator_lm_head.bias");
      }
    };
  }

  private Value transformed(
      Parameters own, Value x, String dense, String norm, Unary.Kind activation) {
    Value y = own.linear(dense, x, model.hidden(), model.embedding());
    return own.layerNorm(norm, graph.unary(activation, y), model.embedding(), model.epsilon());
  }

  private Value words(Parameters own, Value x, String matrix, String bias) {
    Value logits = encoder.head(true, matrix, words, x, model.embedding(), model.vocabulary());
    // Two names of one tensor, of which a file has either.
    String other = matrix.replace(".weight", ".bias");
    boolean twice = !own.has(bias) && own.has(other);
    return graph.add(logits, own.vector(twice ? other : bias, model.vocabulary()));
  }
}
