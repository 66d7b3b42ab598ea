package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Unary;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * BLOOM (Le Scao et al., 2022, arXiv:2211.05100): no positions but ALiBi's (Press et al., 2021,
 * arXiv:2108.12409), and a layer norm behind the embeddings.
 *
 * <pre>
 * x = layerNorm(word[id])
 * each layer:  n = layerNorm(x);  x = (n or x) + dense(attention(query_key_value(n)))
 *              n = layerNorm(x);  x = (n or x) + down(gelu(up(n)))
 * logits = layerNorm(x) @ word^T
 * </pre>
 *
 * @param config the configuration's file, for errors
 * @param residualAfterNorm whether what is added to is the norm's output
 * @param byHead whether a head's query, key and value stand together in their matrix
 */
record Bloom(
    String family,
    Path config,
    Size vocabulary,
    Size hidden,
    Size layers,
    Size heads,
    int contextLength,
    double epsilon,
    boolean residualAfterNorm,
    boolean byHead)
    implements Decoder {

  /** Tokens of a sequence that the published models were trained with; ALiBi has no limit. */
  private static final int TRAINED = 2048;

  static Bloom read(JsonFields config, Layout layout) {
    return new Bloom(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(config, "hidden", "hidden_size", "n_embed"),
        Size.read(config, "layers", "n_layer", "num_hidden_layers"),
        Size.read(config, "heads", "n_head", "num_attention_heads"),
        config.field("seq_length", "max_position_embeddings").positiveInt(TRAINED),
        config.field("layer_norm_epsilon").positiveDouble(1e-5),
        config.field("apply_residual_connection_post_layernorm").bool(false),
        !layout.ggml());
  }

  Bloom {
    heads.divides(hidden, config);
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
    return new Parameters(
        g.graph(), weights, config, family, "transformer.", "word_embeddings.weight");
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    Parameters p = parameters(g, weights);
    Value x = p.rows("word_embeddings.weight", vocabulary, hidden, g.ids());
    x = g.state(p.layerNorm("word_embeddings_layernorm", x, hidden, epsilon));
    Value slopes = g.graph().constant("alibi", slopes(heads.value()));
    for (int i = 0; i < layers.value(); i++) {
      x = layer(g, p, "h." + i + ".", x, slopes);
      if (i < layers.value() - 1) {
        g.state(x);
      }
    }
    return g.state(p.layerNorm("ln_f", x, hidden, epsilon));
  }

  private Value layer(DecoderGraph g, Parameters p, String at, Value x, Value slopes) {
    GraphBuilder graph = g.graph();
    Value norm = p.layerNorm(at + "input_layernorm", x, hidden, epsilon);
    Value[] qkv = p.joint(at + "self_attention.query_key_value", norm, hidden, heads, byHead);
    Attention op =
        Attention.of(heads.value(), hidden.value() / heads.value(), Attention.Layout.RAGGED)
            .with(Attention.Causal.BOTTOM_RIGHT);
    Value attended = g.attend(at + "attention", op, qkv[0], qkv[1], qkv[2], slopes);
    Value mixed = p.linear(at + "self_attention.dense", attended, hidden, hidden);
    x = graph.add(residualAfterNorm ? norm : x, mixed);
    norm = p.layerNorm(at + "post_attention_layernorm", x, hidden, epsilon);
    Size inner = new Size("inner", hidden.field(), 4 * hidden.value());
    Value up =
        graph.unary(Unary.Kind.GELU_TANH, p.linear(at + "mlp.dense_h_to_4h", norm, hidden, inner));
    Value down = p.linear(at + "mlp.dense_4h_to_h", up, inner, hidden);
    return graph.add(residualAfterNorm ? norm : x, down);
  }

  /**
   * ALiBi's slopes: {@code 2^(-8 i / n)} for n heads, a power of two; where heads are more, every
   * other slope of twice as many follows.
   */
  static HostTensor slopes(int heads) {
    int power = Integer.highestOneBit(heads);
    float[] slopes = new float[heads];
    for (int i = 0; i < heads; i++) {
      double exponent = i < power ? i + 1.0 : (2.0 * (i - power) + 1) / 2;
      slopes[i] = (float) Math.pow(2, -8 * exponent / power);
    }
    return HostTensor.of(slopes, heads);
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    return parameters(g, weights)
        .head(true, "lm_head.weight", "word_embeddings.weight", state, hidden, vocabulary);
  }
}
