package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Unary;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * GPT-NeoX (Black et al., 2022, arXiv:2204.06745) and Pythia: rotary positions on a part of each
 * head, and both halves of a layer beside each other.
 *
 * <pre>
 * x = word[id]
 * each layer:  x = x + dense(attention(query_key_value(layerNorm(x)))) + down(activation(up(layerNorm(x))))
 * logits = layerNorm(x) @ out^T
 * </pre>
 *
 * @param config the configuration's file, for errors
 * @param byHead whether a head's query, key and value stand together in their matrix
 * @param parallel whether both halves of a layer read the layer's input, or the second the first
 */
record GptNeoX(
    String family,
    Path config,
    Size vocabulary,
    Size positions,
    Size hidden,
    Size intermediate,
    Size layers,
    Size heads,
    Rope rope,
    double epsilon,
    Unary.Kind activation,
    boolean parallel,
    boolean tied,
    boolean byHead)
    implements Decoder {

  static GptNeoX read(JsonFields config, Layout layout) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    Size heads = Size.read(config, "heads", "num_attention_heads");
    Size positions = Size.read(config, "positions", "max_position_embeddings");
    heads.divides(hidden, config.file());
    return new GptNeoX(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        positions,
        hidden,
        Size.read(config, "intermediate", "intermediate_size"),
        Size.read(config, "layers", "num_hidden_layers"),
        heads,
        RopeScaling.read(config, hidden.value() / heads.value(), 0.25, positions.value()),
        config.field("layer_norm_eps").positiveDouble(1e-5),
        Activations.read(config.field("hidden_act"), "gelu"),
        config.field("use_parallel_residual").bool(true),
        config.field("tie_word_embeddings").bool(false),
        !layout.ggml());
  }

  @Override
  public int contextLength() {
    return positions.value();
  }

  @Override
  public int vocabularySize() {
    return vocabulary.value();
  }

  @Override
  public int hiddenSize() {
    return hidden.value();
  }

  @Override
  public Rope lengthDependentRope() {
    return rope.byLength() == null ? null : rope;
  }

  @Override
  public List<CacheLayer> cacheLayers() {
    return Collections.nCopies(layers.value(), new CacheLayer(hidden.value(), hidden.value(), 0));
  }

  private Parameters parameters(DecoderGraph g, Weights weights) {
    return new Parameters(g.graph(), weights, config, family, "gpt_neox.", "embed_in.weight");
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    Parameters p = parameters(g, weights);
    Value x = g.state(p.rows("embed_in.weight", vocabulary, hidden, g.ids()));
    for (int i = 0; i < layers.value(); i++) {
      x = layer(g, p, "layers." + i + ".", x);
      if (i < layers.value() - 1) {
        g.state(x);
      }
    }
    return g.state(p.layerNorm("final_layer_norm", x, hidden, epsilon));
  }

  private Value layer(DecoderGraph g, Parameters p, String at, Value x) {
    GraphBuilder graph = g.graph();
    Value norm = p.layerNorm(at + "input_layernorm", x, hidden, epsilon);
    Value[] qkv = p.joint(at + "attention.query_key_value", norm, hidden, heads, byHead);
    Value query = g.rotate(at + "rotary.query", rope, false, heads.value(), qkv[0]);
    Value key = g.rotate(at + "rotary.key", rope, false, heads.value(), qkv[1]);
    Attention op =
        Attention.of(heads.value(), hidden.value() / heads.value(), Attention.Layout.RAGGED)
            .with(Attention.Causal.BOTTOM_RIGHT);
    Value attended = g.attend(at + "attention", op, query, key, qkv[2], null);
    Value mixed = graph.add(x, p.linear(at + "attention.dense", attended, hidden, hidden));
    Value second =
        p.layerNorm(at + "post_attention_layernorm", parallel ? x : mixed, hidden, epsilon);
    Value up =
        graph.unary(activation, p.linear(at + "mlp.dense_h_to_4h", second, hidden, intermediate));
    return graph.add(mixed, p.linear(at + "mlp.dense_4h_to_h", up, intermediate, hidden));
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    return parameters(g, weights)
        .head(tied, "embed_out.weight", "embed_in.weight", state, hidden, vocabulary);
  }
}
