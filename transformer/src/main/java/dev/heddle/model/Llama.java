package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * LLaMA (Touvron et al., 2023, arXiv:2302.13971) and the models that share its network: Mistral and
 * Mixtral (Jiang et al., 2023 and 2024), Qwen 2 and 3, Gemma 2 and 3, Phi-3.
 *
 * <pre>
 * x = word[id] * embeddingScale
 * each layer:  x = x + post(o(attention(rope(norm(q(n))), rope(norm(k(n))), v(n))))   n = rmsNorm(x)
 *              x = x + post(down(activation(gate(n)) * up(n)))                        n = rmsNorm(x)
 * logits = cap(rmsNorm(x) @ out^T)
 * </pre>
 *
 * @param config the configuration's file, for errors
 * @param tied whether the logits' matrix is the embeddings'
 * @param shape in what the family differs from others
 */
record Llama(
    String family,
    Path config,
    Size vocabulary,
    int contextLength,
    Size hidden,
    Size intermediate,
    Size layers,
    Size heads,
    Size kvHeads,
    Size headDim,
    double epsilon,
    Unary.Kind activation,
    boolean tied,
    LlamaShape shape)
    implements Decoder {

  static Llama read(JsonFields config, Layout layout) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    Size heads = Size.read(config, "heads", "num_attention_heads");
    Size layers = Size.read(config, "layers", "num_hidden_layers");
    Size headDim = config.has("head_dim") ? Size.read(config, "headDim", "head_dim") : null;
    if (headDim == null) {
      heads.divides(hidden, config.file());
      headDim = new Size("headDim", "head_dim", hidden.value() / heads.value());
    }
    Size kvHeads = Size.read(config, heads.value(), "kvHeads", "num_key_value_heads");
    kvHeads.divides(heads, config.file());
    int positions = config.field("max_position_embeddings").positiveInt();
    LlamaShape shape = LlamaShape.read(config, layout, layers.value(), headDim.value(), positions);
    return new Llama(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        shape.context(positions),
        hidden,
        Size.read(config, "intermediate", "intermediate_size"),
        layers,
        heads,
        kvHeads,
        headDim,
        config.field("rms_norm_eps").positiveDouble(1e-6),
        Activations.read(
            config.field("hidden_activation", "hidden_act"), shape.defaultActivation()),
        config.field("tie_word_embeddings").bool(shape.tiedByDefault()),
        shape);
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
    // Asked for each token, so that nothing may be made here.
    List<Rope> ropes = shape.ropes();
    for (int i = 0; i < ropes.size(); i++) {
      if (ropes.get(i).byLength() != null) {
        return ropes.get(i);
      }
    }
    return null;
  }

  @Override
  public List<CacheLayer> cacheLayers() {
    int columns = kvHeads.value() * headDim.value();
    return shape.windows().stream().map(w -> new CacheLayer(columns, columns, w)).toList();
  }

  private Parameters parameters(DecoderGraph g, Weights weights) {
    return new Parameters(g.graph(), weights, config, family, "model.", "embed_tokens.weight");
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    Parameters p = parameters(g, weights);
    GraphBuilder graph = g.graph();
    Value x = p.rows("embed_tokens.weight", vocabulary, hidden, g.ids());
    if (shape.embeddingScaled()) {
      float scale = (float) Math.sqrt(hidden.value());
      x = graph.multiply(x, graph.constant("embedding.scale", HostTensor.scalar(DType.F32, scale)));
    }
    g.state(x);
    for (int i = 0; i < layers.value(); i++) {
      x = layer(g, p, i, x);
      if (i < layers.value() - 1) {
        g.state(x);
      }
    }
    return g.state(norm(p, "norm", x, hidden));
  }

  private Value norm(Parameters p, String name, Value x, Size size) {
    return p.rmsNorm(name, x, size, epsilon, shape.normOffset());
  }

  private Value layer(DecoderGraph g, Parameters p, int number, Value x) {
    GraphBuilder graph = g.graph();
    String at = "layers." + number + ".";
    Value attended = attention(g, p, number, norm(p, at + "input_layernorm", x, hidden));
    String second = at + "post_attention_layernorm";
    if (shape.postNorms()) {
      attended = norm(p, second, attended, hidden);
      second = at + "pre_feedforward_layernorm";
    }
    x = graph.add(x, attended);
    Value in = norm(p, second, x, hidden);
    Value out = shape.experts() > 0 ? experts(graph, p, at, in) : feedForward(graph, p, at, in);
    if (shape.postNorms()) {
      out = norm(p, at + "post_feedforward_layernorm", out, hidden);
    }
    return graph.add(x, out);
  }

  private Value attention(DecoderGraph g, Parameters p, int number, Value in) {
    String at = "layers." + number + ".self_attn.";
    Size queries = heads.times(headDim);
    Size keys = kvHeads.times(headDim);
    Value query;
    Value key;
    Value value;
    if (shape.packed()) {
      Value[] qkv = p.parts(at + "qkv_proj", in, hidden, queries, keys, keys);
      query = qkv[0];
      key = qkv[1];
      value = qkv[2];
    } else {
      query = p.linear(at + "q_proj", in, hidden, queries, shape.queryBias());
      key = p.linear(at + "k_proj", in, hidden, keys, shape.queryBias());
      value = p.linear(at + "v_proj", in, hidden, keys, shape.queryBias());
    }
    if (shape.headNorms()) {
      query = headNorm(g.graph(), p, at + "q_norm", heads, query);
      key = headNorm(g.graph(), p, at + "k_norm", kvHeads, key);
    }
    Rope rope = shape.ropes().get(number);
    query = g.rotate(at + "rotary.query", rope, shape.neighbours(), heads.value(), query);
    key = g.rotate(at + "rotary.key", rope, shape.neighbours(), kvHeads.value(), key);
    Attention op =
        new Attention(
            heads.value(),
            kvHeads.value(),
            Attention.Layout.RAGGED,
            1 / Math.sqrt(shape.queryScale() > 0 ? shape.queryScale() : headDim.value()),
            Attention.Causal.BOTTOM_RIGHT,
            shape.windows().get(number),
            shape.attentionCap(),
            Attention.Map.NONE);
    Value attended = g.attend(at + "attention", op, query, key, value, null);
    return p.linear(at + "o_proj", attended, queries, hidden, shape.outputBias());
  }

  /** RMS norm of each head by itself. */
  private Value headNorm(GraphBuilder graph, Parameters p, String name, Size count, Value x) {
    Value byHead = graph.reshape(x, x.type().dim(0), count.value(), headDim.value());
    Value norm = norm(p, name, byHead, headDim);
    return graph.reshape(norm, x.type().dim(0), count.value() * headDim.value());
  }

  private Value feedForward(GraphBuilder graph, Parameters p, String at, Value in) {
    Value gate;
    Value up;
    if (shape.packed()) {
      Value[] both = p.parts(at + "mlp.gate_up_proj", in, hidden, intermediate, intermediate);
      gate = both[0];
      up = both[1];
    } else {
      gate = p.linear(at + "mlp.gate_proj", in, hidden, intermediate, shape.feedForwardBias());
      up = p.linear(at + "mlp.up_proj", in, hidden, intermediate, shape.feedForwardBias());
    }
    Value product = graph.multiply(graph.unary(activation, gate), up);
    return p.linear(at + "mlp.down_proj", product, intermediate, hidden, shape.feedForwardBias());
  }

  /**
   * A mixture of experts (Shazeer et al., 2017): each token's best few by a softmax over all, their
   * weights made to sum to 1.
   */
  private Value experts(GraphBuilder graph, Parameters p, String at, Value in) {
    String moe = at + "block_sparse_moe.";
    Size count = new Size("experts", "num_local_experts", shape.experts());
    Value scores = graph.softmax(p.linear(moe + "gate", in, hidden, count, false), -1);
    Experts chosen = Experts.choose(graph, scores, shape.expertsPerToken());
    Value gate = chosen.linear(moe + "w1", in, matrices(p, moe, "w1", intermediate, hidden));
    Value up = chosen.linear(moe + "w3", in, matrices(p, moe, "w3", intermediate, hidden));
    Value both = graph.multiply(graph.unary(activation, gate), up);
    return chosen.sum(
        chosen.linear(moe + "w2", both, matrices(p, moe, "w2", hidden, intermediate)));
  }

  private List<Value> matrices(Parameters p, String moe, String name, Size out, Size in) {
    return IntStream.range(0, shape.experts())
        .mapToObj(e -> p.matrix("%sexperts.%d.%s.weight".formatted(moe, e, name), out, in))
        .toList();
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    Value logits =
        parameters(g, weights)
            .head(tied, "lm_head.weight", "embed_tokens.weight", state, hidden, vocabulary);
    if (shape.finalCap() == 0) {
      return logits;
    }
    GraphBuilder graph = g.graph();
    Value cap = graph.constant("final.cap", HostTensor.scalar(DType.F32, shape.finalCap()));
    return graph.multiply(graph.unary(Unary.Kind.TANH, graph.divide(logits, cap)), cap);
  }
}
