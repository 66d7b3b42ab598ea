package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.Unary;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * OPT (Zhang et al., 2022, arXiv:2205.01068).
 *
 * <pre>
 * x = project_in(word[id]) + position[p + 2]
 * each layer:  x = x + out(attention(layerNorm(x)))         norms before, or behind the sums
 *              x = x + fc2(activation(fc1(layerNorm(x))))
 * logits = project_out(layerNorm(x)) @ word^T
 * </pre>
 *
 * @param config the configuration's file, for errors
 * @param embedding elements of an embedding; other than {@code hidden}, they are projected
 * @param normsBefore whether norms stand before the halves of a layer
 * @param finalNorm whether there is one behind the last layer
 */
record Opt(
    String family,
    Path config,
    Size vocabulary,
    Size positions,
    Size embedding,
    Size hidden,
    Size inner,
    Size layers,
    Size heads,
    Unary.Kind activation,
    boolean normsBefore,
    boolean finalNorm,
    boolean biased)
    implements Decoder {
  /** The position table's rows begin with two for padding. */
  private static final int OFFSET = 2;

  private static final double EPSILON = 1e-5;

  static Opt read(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    boolean before = config.field("do_layer_norm_before").bool(true);
    return new Opt(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(config, "positions", "max_position_embeddings"),
        Size.read(config, hidden.value(), "embedding", "word_embed_proj_dim"),
        hidden,
        Size.read(config, "inner", "ffn_dim"),
        Size.read(config, "layers", "num_hidden_layers"),
        Size.read(config, "heads", "num_attention_heads"),
        Activations.read(config.field("activation_function"), "relu"),
        before,
        before && !config.field("_remove_final_layer_norm").bool(false),
        config.field("enable_bias").bool(true));
  }

  Opt {
    heads.divides(hidden, config);
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
  public List<CacheLayer> cacheLayers() {
    return Collections.nCopies(layers.value(), new CacheLayer(hidden.value(), hidden.value(), 0));
  }

  private Parameters parameters(DecoderGraph g, Weights weights) {
    String witness = "embed_tokens.weight";
    String prefix = weights.has("model.decoder." + witness) ? "model.decoder." : "decoder.";
    return new Parameters(g.graph(), weights, config, family, prefix, witness);
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    Parameters p = parameters(g, weights);
    GraphBuilder graph = g.graph();
    Value x = p.rows("embed_tokens.weight", vocabulary, embedding, g.ids());
    if (embedding.value() != hidden.value()) {
      x = p.linear("project_in", x, embedding, hidden, false);
    }
    Value offset = graph.constant("position.offset", HostTensor.of(new int[] {OFFSET}, 1));
    Value rows = graph.add("positions.rows", new Binary(Binary.Kind.ADD), g.positions(), offset);
    Size table = new Size("positions", positions.field(), positions.value() + OFFSET);
    x = graph.add(x, p.rows("embed_positions.weight", table, hidden, rows));
    g.state(x);
    for (int i = 0; i < layers.value(); i++) {
      x = layer(g, p, "layers." + i + ".", x);
      if (i < layers.value() - 1) {
        g.state(x);
      }
    }
    x = finalNorm ? p.layerNorm("final_layer_norm", x, hidden, EPSILON) : x;
    return g.state(
        embedding.value() == hidden.value()
            ? x
            : p.linear("project_out", x, hidden, embedding, false));
  }

  private Value layer(DecoderGraph g, Parameters p, String at, Value x) {
    GraphBuilder graph = g.graph();
    String norm = at + "self_attn_layer_norm";
    Value in = normsBefore ? p.layerNorm(norm, x, hidden, EPSILON) : x;
    Value query = p.linear(at + "self_attn.q_proj", in, hidden, hidden, biased);
    Value key = p.linear(at + "self_attn.k_proj", in, hidden, hidden, biased);
    Value value = p.linear(at + "self_attn.v_proj", in, hidden, hidden, biased);
    Attention op =
        Attention.of(heads.value(), hidden.value() / heads.value(), Attention.Layout.RAGGED)
            .with(Attention.Causal.BOTTOM_RIGHT);
    Value attended = g.attend(at + "attention", op, query, key, value, null);
    x = graph.add(x, p.linear(at + "self_attn.out_proj", attended, hidden, hidden, biased));
    x = normsBefore ? x : p.layerNorm(norm, x, hidden, EPSILON);
    norm = at + "final_layer_norm";
    in = normsBefore ? p.layerNorm(norm, x, hidden, EPSILON) : x;
    Value up = graph.unary(activation, p.linear(at + "fc1", in, hidden, inner, biased));
    x = graph.add(x, p.linear(at + "fc2", up, inner, hidden, biased));
    return normsBefore ? x : p.layerNorm(norm, x, hidden, EPSILON);
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    return parameters(g, weights)
        .head(true, "lm_head.weight", "embed_tokens.weight", state, embedding, vocabulary);
  }
}
