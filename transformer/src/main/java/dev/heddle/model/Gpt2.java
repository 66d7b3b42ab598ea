package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Unary;
import dev.heddle.tensor.Shape;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019).
 *
 * <pre>
 * x = word[id] + position[p]
 * each layer:  x = x + proj(attention(c_attn(layerNorm(x))))
 *              x = x + proj(activation(fc(layerNorm(x))))
 * logits = layerNorm(x) @ word^T
 * </pre>
 *
 * @param config the configuration's file, for errors
 * @param scaled whether scores are divided by the square root of the head's size
 * @param scaledByLayer whether they are also divided by the layer's number, from 1
 * @param tied whether the logits' matrix is the embeddings'
 */
record Gpt2(
    String family,
    Path config,
    Size vocabulary,
    Size positions,
    Size hidden,
    Size inner,
    Size layers,
    Size heads,
    double epsilon,
    Unary.Kind activation,
    boolean scaled,
    boolean scaledByLayer,
    boolean tied)
    implements Decoder {

  /** Fields that all its configurations have; models of other makers use the same. */
  private static final List<String> FIELDS = List.of("n_embd", "n_head", "n_layer", "vocab_size");

  /** Fields of models that share these, and compute something else. */
  private static final List<String> OTHERS =
      List.of("rotary_dim", "multi_query", "alibi", "position_embedding_type", "afn");

  /** Whether a configuration of an unknown {@code model_type} has its fields. */
  static boolean describes(JsonFields config) {
    return FIELDS.stream().allMatch(config::has) && OTHERS.stream().noneMatch(config::has);
  }

  static Gpt2 read(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "n_embd", "hidden_size");
    return new Gpt2(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(
            config, "positions", "n_positions", "max_position_embeddings", "n_ctx", "block_size"),
        hidden,
        Size.read(config, 4 * hidden.value(), "inner", "n_inner"),
        Size.read(config, "layers", "n_layer", "num_hidden_layers"),
        Size.read(config, "heads", "n_head", "num_attention_heads"),
        config.field("layer_norm_epsilon").positiveDouble(1e-5),
        Activations.read(config.field("activation_function"), "gelu_new"),
        config.field("scale_attn_weights").bool(true),
        config.field("scale_attn_by_inverse_layer_idx").bool(false),
        config.field("tie_word_embeddings").bool(true));
  }

  Gpt2 {
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
    return new Parameters(g.graph(), weights, config, family, "transformer.", "wte.weight");
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    Parameters p = parameters(g, weights);
    GraphBuilder graph = g.graph();
    Value x =
        graph.add(
            p.rows("wte.weight", vocabulary, hidden, g.ids()),
            p.rows("wpe.weight", positions, hidden, g.positions()));
    g.state(x);
    boolean outFirst = p.shape("h.0.attn.c_attn.weight").equals(joint(hidden));
    for (int i = 0; i < layers.value(); i++) {
      x = layer(g, p, i, x, outFirst);
      if (i < layers.value() - 1) {
        g.state(x);
      }
    }
    return g.state(p.layerNorm("ln_f", x, hidden, epsilon));
  }

  private static Shape joint(Size hidden) {
    return Shape.of(3L * hidden.value(), hidden.value());
  }

  private Value layer(DecoderGraph g, Parameters p, int number, Value x, boolean outFirst) {
    GraphBuilder graph = g.graph();
    String at = "h." + number + ".";
    Value norm = p.layerNorm(at + "ln_1", x, hidden, epsilon);
    Value all = product(p, at + "attn.c_attn", norm, hidden, hidden.times(3), outFirst);
    Value[] qkv = p.split(all, hidden, hidden, hidden);
    double scale = scaled ? 1 / Math.sqrt((double) hidden.value() / heads.value()) : 1;
    Attention op =
        new Attention(
            heads.value(),
            heads.value(),
            Attention.Layout.RAGGED,
            scaledByLayer ? scale / (number + 1) : scale,
            Attention.Causal.BOTTOM_RIGHT,
            0,
            0,
            Attention.Map.NONE);
    Value attended = g.attend(at + "attn", op, qkv[0], qkv[1], qkv[2], null);
    x = graph.add(x, product(p, at + "attn.c_proj", attended, hidden, hidden, outFirst));
    norm = p.layerNorm(at + "ln_2", x, hidden, epsilon);
    Value up = graph.unary(activation, product(p, at + "mlp.c_fc", norm, hidden, inner, outFirst));
    return graph.add(x, product(p, at + "mlp.c_proj", up, inner, hidden, outFirst));
  }

  /**
   * GPT-2's own checkpoints have matrices {@code [in, out]}; GGUF files and models of other makers
   * have them {@code [out, in]}, as everyone else.
   */
  private static Value product(
      Parameters p, String name, Value x, Size in, Size out, boolean outFirst) {
    return outFirst ? p.linear(name, x, in, out) : p.transposed(name, x, in, out);
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    return parameters(g, weights)
        .head(tied, "lm_head.weight", "wte.weight", state, hidden, vocabulary);
  }
}
