package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.Gather;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * T5 (Raffel et al., 2020, arXiv:1910.10683), its version 1.1 and Flan-T5 (Chung et al., 2022,
 * arXiv:2210.11416), and mT5 (Xue et al., 2021, arXiv:2010.11934).
 *
 * <pre>
 * x = word[id]
 * encoder layer:  x = x + o(attention(norm(x)))           scores unscaled, plus bias[j - i]
 *                 x = x + wo(activation(wi(norm(x))))     or, gated, activation(wi_0 x) * wi_1 x
 * decoder layer:  the same with causal attention, and between the two
 *                 x = x + o(attention(norm(x), encoder's last x))
 * logits = norm(x) / sqrt(hidden) @ word^T                1.1 and Flan: norm(x) @ head^T
 * </pre>
 *
 * The bias is learned for each head and bucket of distances: small distances have their own, larger
 * ones share one with more and more others. All layers of a tower have the first one's.
 *
 * @param config the configuration's file, for errors
 * @param columns elements of all heads together
 * @param buckets of distances
 * @param farthest distances from here on share the last bucket
 * @param gated whether the first product of a layer's last part has a gate
 * @param scaledHead whether the last state is divided by the square root of its size
 * @param start what a text begins with
 */
record T5(
    String family,
    Path config,
    Size vocabulary,
    Size hidden,
    Size inner,
    Size encoderLayers,
    Size decoderLayers,
    Size heads,
    Size columns,
    Size buckets,
    Size farthest,
    double epsilon,
    Unary.Kind activation,
    boolean gated,
    boolean tied,
    boolean scaledHead,
    OptionalInt start)
    implements EncoderDecoder {

  static T5 t5(JsonFields config) {
    return read(config, "relu", true);
  }

  static T5 mt5(JsonFields config) {
    return read(config, "gated-gelu", false);
  }

  private static T5 read(JsonFields config, String projection, boolean tiedUnlessSaid) {
    Size heads = Size.read(config, "heads", "num_heads");
    Size layers = Size.read(config, "layers", "num_layers");
    JsonField feedForward = config.field("feed_forward_proj");
    String kind = feedForward.string(projection);
    boolean gated = kind.startsWith("gated-");
    boolean tied = config.field("tie_word_embeddings").bool(tiedUnlessSaid);
    return new T5(
        config.field("model_type").string(),
        config.file(),
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(config, "hidden", "d_model"),
        Size.read(config, "inner", "d_ff"),
        layers,
        Size.read(config, layers.value(), "layers", "num_decoder_layers"),
        heads,
        Size.read(config, "head", "d_kv").times(heads),
        Size.read(config, 32, "buckets", "relative_attention_num_buckets"),
        Size.read(config, 128, "distances", "relative_attention_max_distance"),
        config.field("layer_norm_epsilon").positiveDouble(1e-6),
        activation(feedForward, kind),
        gated,
        tied,
        config.field("scale_decoder_outputs").bool(tied),
        StartToken.read(config));
  }

  private static Unary.Kind activation(JsonField field, String kind) {
    // Files written before the approximation had a name of its own mean it by "gelu".
    return kind.equals("gated-gelu")
        ? Unary.Kind.GELU_TANH
        : Activations.named(field, kind.startsWith("gated-") ? kind.substring(6) : kind);
  }

  T5 {
    if (buckets.value() < 4 || buckets.value() / 2 >= farthest.value()) {
      throw new ModelException(
          "%s: %s=%d and %s=%d; expected 4 buckets or more, and distances beyond the exact ones"
              .formatted(
                  config, buckets.field(), buckets.value(), farthest.field(), farthest.value()));
    }
  }

  /** Positions count by their distances alone, so nothing bounds them. */
  @Override
  public int contextLength() {
    return UNBOUNDED;
  }

  @Override
  public int sourceLength() {
    return UNBOUNDED;
  }

  @Override
  public int vocabularySize() {
    return vocabulary.value();
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
  public int[] sourcePositions(int[] ids) {
    return IntStream.range(0, ids.length).toArray();
  }

  @Override
  public List<CacheLayer> cacheLayers() {
    CacheLayer each = new CacheLayer(columns.value(), columns.value(), 0);
    return Collections.nCopies(decoderLayers.value(), each);
  }

  @Override
  public List<CacheLayer> sourceLayers() {
    return cacheLayers();
  }

  private Parameters parameters(GraphBuilder graph, Weights weights) {
    return new Parameters(graph, weights, config, family, "", "shared.weight");
  }

  /** The table of one tower: its own, or the one that both share. */
  private static String words(Parameters p, String tower) {
    String own = tower + ".embed_tokens.weight";
    return p.has(own) ? own : "shared.weight";
  }

  @Override
  public Encoder.States encode(GraphBuilder graph, Weights weights, boolean maps) {
    Parameters p = parameters(graph, weights);
    SourceInputs in = SourceInputs.of(graph);
    Value x = p.rows(words(p, "encoder"), vocabulary, hidden, in.ids());
    Value bias = bias(graph, p, "encoder", true);
    List<Value> states = new ArrayList<>(List.of(x));
    List<Value> attention = new ArrayList<>();
    Attention op = attention().with(maps ? Attention.Map.WEIGHTS : Attention.Map.NONE);
    for (int i = 0; i < encoderLayers.value(); i++) {
      String at = "encoder.block." + i + ".layer.";
      String name = at + "0.SelfAttention";
      Value own = norm(p, at + "0.layer_norm", x);
      List<Value> attended =
          graph.addAll(
              name,
              op,
              maps ? 2 : 1,
              p.linear(name + ".q", own, hidden, columns, false),
              p.linear(name + ".k", own, hidden, columns, false),
              p.linear(name + ".v", own, hidden, columns, false),
              null,
              in.cuSeqLens(),
              null,
              null,
              null,
              bias);
      if (maps) {
        attention.add(attended.get(Attention.MAP));
      }
      Value mixed = p.linear(name + ".o", attended.get(Attention.Y), columns, hidden, false);
      x = feedForward(graph, p, at + "1.", graph.add(x, mixed));
      if (i == encoderLayers.value() - 1) {
        x = norm(p, "encoder.final_layer_norm", x);
      }
      states.add(x);
    }
    return new Encoder.States(in.cuSeqLens(), states, attention, null);
  }

  @Override
  public Value decode(DecoderGraph g, Weights weights) {
    GraphBuilder graph = g.graph();
    Parameters p = parameters(graph, weights);
    Value x = g.state(p.rows(words(p, "decoder"), vocabulary, hidden, g.ids()));
    Value bias = bias(graph, p, "decoder", false);
    for (int i = 0; i < decoderLayers.value(); i++) {
      String at = "decoder.block." + i + ".layer.";
      String self = at + "0.SelfAttention";
      Value own = norm(p, at + "0.layer_norm", x);
      Value attended =
          g.attend(
              self,
              attention().with(Attention.Causal.BOTTOM_RIGHT),
              p.linear(self + ".q", own, hidden, columns, false),
              p.linear(self + ".k", own, hidden, columns, false),
              p.linear(self + ".v", own, hidden, columns, false),
              null,
              bias);
      x = graph.add(x, p.linear(self + ".o", attended, columns, hidden, false));

      String cross = at + "1.EncDecAttention";
      own = norm(p, at + "1.layer_norm", x);
      Value query = p.linear(cross + ".q", own, hidden, columns, false);
      attended = g.attendSource(cross, attention(), query);
      x = graph.add(x, p.linear(cross + ".o", attended, columns, hidden, false));

      x = feedForward(graph, p, at + "2.", x);
      if (i == decoderLayers.value() - 1) {
        x = norm(p, "decoder.final_layer_norm", x);
      }
      g.state(x);
    }
    return x;
  }

  @Override
  public KeysValues source(GraphBuilder graph, Weights weights, int layer, Value states) {
    Parameters p = parameters(graph, weights);
    String at = "decoder.block." + layer + ".layer.1.EncDecAttention.";
    return new KeysValues(
        p.linear(at + "k", states, hidden, columns, false),
        p.linear(at + "v", states, hidden, columns, false));
  }

  /** Scores are not scaled: the initial weights make up for it. */
  private Attention attention() {
    return new Attention(
        heads.value(),
        heads.value(),
        Attention.Layout.RAGGED,
        1,
        Attention.Causal.NONE,
        0,
        0,
        Attention.Map.NONE);
  }

  private Value norm(Parameters p, String name, Value x) {
    return p.rmsNorm(name, x, hidden, epsilon, 0);
  }

  private Value feedForward(GraphBuilder graph, Parameters p, String at, Value x) {
    Value own = norm(p, at + "layer_norm", x);
    String name = at + "DenseReluDense.";
    Value up = p.linear(name + (gated ? "wi_0" : "wi"), own, hidden, inner, false);
    up = graph.unary(activation, up);
    if (gated) {
      up = graph.multiply(up, p.linear(name + "wi_1", own, hidden, inner, false));
    }
    return graph.add(x, p.linear(name + "wo", up, inner, hidden, false));
  }

  /** A tower's biases by distance, {@code [heads, 2 * farthest + 1]}. */
  private Value bias(GraphBuilder graph, Parameters p, String tower, boolean bothWays) {
    String name = tower + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    int[] rows = new int[2 * farthest.value() + 1];
    Arrays.setAll(rows, i -> bucket(i - farthest.value(), bothWays));
    Value index = graph.constant(tower + ".buckets", HostTensor.of(rows, rows.length));
    Value byDistance =
        graph.add(tower + ".bias", new Gather(0), p.matrix(name, buckets, heads), index);
    return graph.cast(graph.transpose(byDistance, 1, 0), DType.F32);
  }

  /**
   * The bucket of a key {@code distance} behind its query: half of them for each distance, half by
   * its logarithm up to the farthest. Those of a tower that looks both ways are halved once more,
   * for either side. In float32, which decides on which side of a border a distance lies.
   */
  private int bucket(int distance, boolean bothWays) {
    int count = bothWays ? buckets.value() / 2 : buckets.value();
    int first = bothWays && distance > 0 ? count : 0;
    int apart = bothWays ? Math.abs(distance) : Math.max(0, -distance);
    int exact = count / 2;
    if (apart < exact) {
      return first + apart;
    }
    float octaves = (float) Math.log((float) apart / exact);
    float all = (float) Math.log((double) farthest.value() / exact);
    int wide = (int) (octaves / all * (count - exact));
    return first + Math.min(exact + wide, count - 1);
  }

  @Override
  public Value logits(DecoderGraph g, Weights weights, Value state) {
    Parameters p = parameters(g.graph(), weights);
    Value x = state;
    if (scaledHead) {
      Value scale = g.graph().scalar(DType.F32, 1 / Math.sqrt(hidden.value()));
      x = g.graph().multiply(x, scale);
    }
    return p.head(tied, "lm_head.weight", words(p, "decoder"), x, hidden, vocabulary);
  }
}
