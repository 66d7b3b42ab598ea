package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Binary;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * BART (Lewis et al., 2019, arXiv:1910.13461) and the models that share its network: mBART (Liu et
 * al., 2020, arXiv:2001.08210), M2M100 (Fan et al., 2020, arXiv:2010.11125) and NLLB (2022,
 * arXiv:2207.04672), and Marian's (Junczys-Dowmunt et al., 2018, arXiv:1804.00344), which is the
 * Transformer as published (Vaswani et al., 2017, arXiv:1706.03762).
 *
 * <pre>
 * x = scale * word[id] + position[p]                  then, in BART and mBART, a norm
 * encoder layer:  x = norm(x + out(attention(x)))
 *                 x = norm(x + fc2(activation(fc1(x))))
 * decoder layer:  x = norm(x + out(causal attention(x)))
 *                 x = norm(x + out(attention(x, encoder's last x)))
 *                 x = norm(x + fc2(activation(fc1(x))))
 * logits = x @ word^T + bias
 * </pre>
 *
 * mBART, M2M100 and NLLB have the norms before the halves of a layer, {@code x + f(norm(x))}, and
 * one more behind the last layer.
 *
 * @param config the configuration's file, for errors
 * @param vocabulary the encoder's
 * @param written the decoder's vocabulary
 * @param waves how positions are told apart
 * @param padding the id of the padding token where it takes no position, else -1
 * @param normsBefore whether norms stand before the halves of a layer, and behind the last
 * @param normedEmbeddings whether there is a norm behind the embeddings
 * @param scaled whether embeddings are multiplied by the square root of their size
 * @param start what a text begins with
 */
record Bart(
    String family,
    Path config,
    Size vocabulary,
    Size written,
    Size positions,
    Size hidden,
    Stack encoder,
    Stack decoder,
    Waves waves,
    int padding,
    Unary.Kind activation,
    boolean normsBefore,
    boolean normedEmbeddings,
    boolean scaled,
    boolean tied,
    OptionalInt start)
    implements EncoderDecoder {
  private static final double EPSILON = 1e-5;

  /** Where positions come from. */
  enum Waves {
    /** A table of the checkpoint, whose first two rows are for padding. */
    LEARNED,
    /** {@link Sinusoids#paper}. */
    PAPER,
    /** {@link Sinusoids#fairseq}. */
    FAIRSEQ
  }

  /** One of the two towers. */
  record Stack(Size layers, Size heads, Size inner) {
    static Stack read(JsonFields config, String side) {
      return new Stack(
          Size.read(config, "layers", side + "_layers"),
          Size.read(config, "heads", side + "_attention_heads"),
          Size.read(config, "inner", side + "_ffn_dim"));
    }
  }

  static Bart bart(JsonFields config) {
    return read(config, Waves.LEARNED, -1, false, true);
  }

  static Bart mbart(JsonFields config) {
    return read(config, Waves.LEARNED, -1, true, true);
  }

  static Bart marian(JsonFields config) {
    return read(config, Waves.PAPER, -1, false, false);
  }

  static Bart m2m100(JsonFields config) {
    int padding = config.field("pad_token_id").wholeInt(1);
    return read(config, Waves.FAIRSEQ, padding, true, false);
  }

  private static Bart read(
      JsonFields config, Waves waves, int padding, boolean before, boolean normedEmbeddings) {
    Size vocabulary = Size.read(config, "vocabulary", "vocab_size");
    int written = vocabulary.value();
    return new Bart(
        config.field("model_type").string(),
        config.file(),
        vocabulary,
        config.has("decoder_vocab_size")
            ? Size.read(config, "vocabulary", "decoder_vocab_size")
            : new Size("vocabulary", vocabulary.field(), written),
        Size.read(config, "positions", "max_position_embeddings"),
        Size.read(config, "hidden", "d_model"),
        Stack.read(config, "encoder"),
        Stack.read(config, "decoder"),
        waves,
        padding,
        Activations.read(
            config.field("activation_function"), waves == Waves.FAIRSEQ ? "relu" : "gelu"),
        before,
        normedEmbeddings,
        config.field("scale_embedding").bool(waves == Waves.FAIRSEQ),
        config.field("tie_word_embeddings").bool(true),
        StartToken.read(config));
  }

  Bart {
    encoder.heads.divides(hidden, config);
    decoder.heads.divides(hidden, config);
  }

  @Override
  public int contextLength() {
    return positions.value();
  }

  @Override
  public int sourceLength() {
    return positions.value();
  }

  @Override
  public int vocabularySize() {
    return written.value();
  }

  @Override
  public int sourceVocabularySize() {
    return vocabulary.value();
  }

  @Override
  public int hiddenSize() {
    return hidden.value();
  }

  @Override
  public OptionalInt startToken() {
    return start;
  }

  @Override
  public List<CacheLayer> cacheLayers() {
    CacheLayer each = new CacheLayer(hidden.value(), hidden.value(), 0);
    return Collections.nCopies(decoder.layers.value(), each);
  }

  @Override
  public List<CacheLayer> sourceLayers() {
    return cacheLayers();
  }

  @Override
  public int[] sourcePositions(int[] ids) {
    int[] positions = new int[ids.length];
    int next = 0;
    for (int i = 0; i < ids.length; i++) {
      // -1 is the row before the first: the padding token's, where it has one.
      positions[i] = ids[i] == padding ? -1 : next++;
    }
    return positions;
  }

  private Parameters parameters(GraphBuilder graph, Weights weights) {
    String witness = "decoder.layers.0.self_attn.k_proj.weight";
    return new Parameters(graph, weights, config, family, "model.", witness);
  }

  /** The table of one tower: its own, or the one that both share. */
  private static String words(Parameters p, String tower) {
    String own = tower + ".embed_tokens.weight";
    return p.has(own) ? own : "shared.weight";
  }

  private Value embed(
      GraphBuilder graph, Parameters p, String tower, Size rows, Value ids, Value at) {
    Value x = p.rows(words(p, tower), rows, hidden, ids);
    if (scaled) {
      x = graph.multiply(x, graph.scalar(DType.F32, Math.sqrt(hidden.value())));
    }
    int count = positions.value();
    Value added =
        switch (waves) {
          case LEARNED -> {
            Size table = new Size("positions", positions.field(), count + 2);
            yield p.rows(tower + ".embed_positions.weight", table, hidden, past(graph, 2, at));
          }
          case PAPER ->
              graph.embedding(
                  tower + ".positions",
                  graph.constant("positions", Sinusoids.paper(count, hidden.value())),
                  at);
          case FAIRSEQ -> {
            HostTensor table = Sinusoids.fairseq(count + 1, hidden.value(), padding + 1);
            Value rowsOf = past(graph, 1, at);
            yield graph.embedding(tower + ".positions", graph.constant("positions", table), rowsOf);
          }
        };
    x = graph.add(x, added);
    return normedEmbeddings ? p.layerNorm(tower + ".layernorm_embedding", x, hidden, EPSILON) : x;
  }

  private static Value past(GraphBuilder graph, int rows, Value positions) {
    Value offset = graph.constant("positions.offset", HostTensor.of(new int[] {rows}, 1));
    return graph.add("positions.rows", new Binary(Binary.Kind.ADD), positions, offset);
  }

  @Override
  public Encoder.States encode(GraphBuilder graph, Weights weights, boolean maps) {
    Parameters p = parameters(graph, weights);
    SourceInputs in = SourceInputs.of(graph);
    Value x = embed(graph, p, "encoder", vocabulary, in.ids(), in.positions());
    List<Value> states = new ArrayList<>(List.of(x));
    List<Value> attention = new ArrayList<>();
    int count = encoder.layers.value();
    for (int i = 0; i < count; i++) {
      String at = "encoder.layers." + i + ".";
      Attention op = attention(encoder).with(maps ? Attention.Map.WEIGHTS : Attention.Map.NONE);
      x =
          half(
              graph,
              p,
              at + "self_attn_layer_norm",
              x,
              own -> {
                String name = at + "self_attn";
                List<Value> attended =
                    graph.addAll(
                        name,
                        op,
                        maps ? 2 : 1,
                        p.linear(name + ".q_proj", own, hidden, hidden),
                        p.linear(name + ".k_proj", own, hidden, hidden),
                        p.linear(name + ".v_proj", own, hidden, hidden),
                        null,
                        in.cuSeqLens());
                if (maps) {
                  attention.add(attended.get(Attention.MAP));
                }
                return p.linear(name + ".out_proj", attended.get(Attention.Y), hidden, hidden);
              });
      x = feedForward(graph, p, at, encoder.inner, x);
      if (i == count - 1 && normsBefore) {
        x = p.layerNorm("encoder.layer_norm", x, hidden, EPSILON);
      }
      states.add(x);
    }
    return new Encoder.States(in.cuSeqLens(), states, attention, null);
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    GraphBuilder graph = g.graph();
    Parameters p = parameters(graph, weights);
    Value x = g.state(embed(graph, p, "decoder", written, g.ids(), g.positions()));
    int count = decoder.layers.value();
    for (int i = 0; i < count; i++) {
      String at = "decoder.layers." + i + ".";
      x =
          half(
              graph,
              p,
              at + "self_attn_layer_norm",
              x,
              own -> {
                String name = at + "self_attn";
                Attention op = attention(decoder).with(Attention.Causal.BOTTOM_RIGHT);
                Value query = p.linear(name + ".q_proj", own, hidden, hidden);
                Value key = p.linear(name + ".k_proj", own, hidden, hidden);
                Value value = p.linear(name + ".v_proj", own, hidden, hidden);
                Value attended = g.attend(name, op, query, key, value, null);
                return p.linear(name + ".out_proj", attended, hidden, hidden);
              });
      x =
          half(
              graph,
              p,
              at + "encoder_attn_layer_norm",
              x,
              own -> {
                String name = at + "encoder_attn";
                Value query = p.linear(name + ".q_proj", own, hidden, hidden);
                Value attended = g.attendSource(name, attention(decoder), query);
                return p.linear(name + ".out_proj", attended, hidden, hidden);
              });
      x = feedForward(graph, p, at, decoder.inner, x);
      if (i == count - 1 && normsBefore) {
        x = p.layerNorm("decoder.layer_norm", x, hidden, EPSILON);
      }
      g.state(x);
    }
    return x;
  }

  @Override
  public KeysValues source(GraphBuilder graph, Weights weights, int layer, Value states) {
    Parameters p = parameters(graph, weights);
    String at = "decoder.layers." + layer + ".encoder_attn.";
    return new KeysValues(
        p.linear(at + "k_proj", states, hidden, hidden),
        p.linear(at + "v_proj", states, hidden, hidden));
  }

  private Attention attention(Stack stack) {
    int headDim = hidden.value() / stack.heads.value();
    return Attention.of(stack.heads.value(), headDim, Attention.Layout.RAGGED);
  }

  private Value feedForward(GraphBuilder graph, Parameters p, String at, Size inner, Value x) {
    return half(
        graph,
        p,
        at + "final_layer_norm",
        x,
        own -> {
          Value up = graph.unary(activation, p.linear(at + "fc1", own, hidden, inner));
          return p.linear(at + "fc2", up, inner, hidden);
        });
  }

  /** {@code norm(x + f(x))}, or {@code x + f(norm(x))}. */
  private Value half(
      GraphBuilder graph, Parameters p, String norm, Value x, UnaryOperator<Value> f) {
    return normsBefore
        ? graph.add(x, f.apply(p.layerNorm(norm, x, hidden, EPSILON)))
        : p.layerNorm(norm, graph.add(x, f.apply(x)), hidden, EPSILON);
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    Parameters p = parameters(g.graph(), weights);
    String bias = "final_logits_bias";
    Value logits = p.head(tied, "lm_head.weight", words(p, "decoder"), state, hidden, written);
    if (!weights.has(bias)) {
      return logits;
    }
    Size one = new Size("rows", bias, 1);
    Value added = p.bare().matrix(bias, one, written);
    return g.graph().add(logits, g.graph().cast(added, DType.F32));
  }
}
