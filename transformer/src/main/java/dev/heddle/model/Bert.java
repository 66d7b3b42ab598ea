package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.SegmentPool;
import dev.heddle.op.Unary;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * BERT (Devlin et al., 2018, arXiv:1810.04805) and the models that share its network: RoBERTa (Liu
 * et al., 2019, arXiv:1907.11692), DistilBERT (Sanh et al., 2019, arXiv:1910.01108) and ELECTRA
 * (Clark et al., 2020, arXiv:2003.10555).
 *
 * <pre>
 * x = layerNorm(word[id] + position[p] + type[t])              then, in ELECTRA, projected
 * each layer:  x = layerNorm(x + output(attention(query(x), key(x), value(x))))
 *              x = layerNorm(x + down(activation(up(x))))
 * </pre>
 *
 * @param family the configuration's {@code model_type}
 * @param config the configuration's file, for errors
 * @param names how the checkpoint spells its tensors
 * @param kind whose heads stand behind it
 * @param types rows of the token type table, or null where the model has none
 * @param embedding elements of an embedding; other than {@code hidden}, they are projected
 * @param intermediate elements between the two products of a layer's second half
 * @param padding the id of the padding token where positions are counted past it, as RoBERTa does;
 *     -1 where they count from 0
 */
record Bert(
    String family,
    Path config,
    Names names,
    BertHeads.Kind kind,
    Size vocabulary,
    Size positions,
    Size types,
    Size embedding,
    Size hidden,
    Size intermediate,
    Size layers,
    Size heads,
    double epsilon,
    Unary.Kind activation,
    int padding)
    implements Encoder {
  private static final String WORDS = "embeddings.word_embeddings.weight";

  /** Tensor names, those of a layer below {@code layer.N.}. */
  private record Names(
      String prefix,
      String layer,
      String query,
      String key,
      String value,
      String output,
      String attentionNorm,
      String up,
      String down,
      String outputNorm) {
    static Names bert(String prefix) {
      return new Names(
          prefix,
          "encoder.layer.",
          "attention.self.query",
          "attention.self.key",
          "attention.self.value",
          "attention.output.dense",
          "attention.output.LayerNorm",
          "intermediate.dense",
          "output.dense",
          "output.LayerNorm");
    }

    static Names distilBert() {
      return new Names(
          "distilbert.",
          "transformer.layer.",
          "attention.q_lin",
          "attention.k_lin",
          "attention.v_lin",
          "attention.out_lin",
          "sa_layer_norm",
          "ffn.lin1",
          "ffn.lin2",
          "output_layer_norm");
    }
  }

  static Bert bert(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    return of(config, Names.bert("bert."), BertHeads.Kind.BERT, hidden, hidden, -1);
  }

  static Bert roberta(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    int padding = config.field("pad_token_id").wholeInt(1);
    return of(config, Names.bert("roberta."), BertHeads.Kind.ROBERTA, hidden, hidden, padding);
  }

  static Bert electra(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "hidden_size");
    Size embedding = Size.read(config, 128, "embedding", "embedding_size");
    return of(config, Names.bert("electra."), BertHeads.Kind.ELECTRA, embedding, hidden, -1);
  }

  private static Bert of(
      JsonFields config,
      Names names,
      BertHeads.Kind kind,
      Size embedding,
      Size hidden,
      int padding) {
    if (config.field("is_decoder").bool(false)) {
      throw unsupported(config, "is_decoder", "true", "false: a model that reads, not writes");
    }
    String positions = config.field("position_embedding_type").string("absolute");
    if (!positions.equals("absolute")) {
      throw unsupported(config, "position_embedding_type", positions, "absolute");
    }
    return new Bert(
        config.field("model_type").string(),
        config.file(),
        names,
        kind,
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(config, "positions", "max_position_embeddings"),
        Size.read(config, 2, "types", "type_vocab_size"),
        embedding,
        hidden,
        Size.read(config, "intermediate", "intermediate_size"),
        Size.read(config, "layers", "num_hidden_layers"),
        Size.read(config, "heads", "num_attention_heads"),
        config.field("layer_norm_eps").positiveDouble(1e-12),
        Activations.read(config.field("hidden_act"), "gelu"),
        padding);
  }

  static Bert distilBert(JsonFields config) {
    Size hidden = Size.read(config, "hidden", "dim", "hidden_size");
    return new Bert(
        config.field("model_type").string(),
        config.file(),
        Names.distilBert(),
        BertHeads.Kind.DISTILBERT,
        Size.read(config, "vocabulary", "vocab_size"),
        Size.read(config, "positions", "max_position_embeddings"),
        null,
        hidden,
        hidden,
        Size.read(config, "intermediate", "hidden_dim", "intermediate_size"),
        Size.read(config, "layers", "n_layers", "num_hidden_layers"),
        Size.read(config, "heads", "n_heads", "num_attention_heads"),
        1e-12,
        Activations.read(config.field("activation", "hidden_act"), "gelu"),
        -1);
  }

  private static UnsupportedModelException unsupported(
      JsonFields config, String field, String value, String expected) {
    return new UnsupportedModelException(
        "%s: \"%s\" is %s, which is not supported; expected %s"
            .formatted(config.file(), field, value, expected));
  }

  Bert {
    heads.divides(hidden, config);
    if (positions.value() <= padding + 1) {
      throw new ModelException(
          "%s: %s=%d leaves no position after the padding token's, %d"
              .formatted(config, positions.field(), positions.value(), padding));
    }
  }

  @Override
  public int contextLength() {
    return positions.value() - (padding + 1);
  }

  @Override
  public int hiddenSize() {
    return hidden.value();
  }

  @Override
  public int vocabularySize() {
    return vocabulary.value();
  }

  @Override
  public int tokenTypes() {
    return types == null ? 0 : types.value();
  }

  @Override
  public int[] positions(int[] ids) {
    int[] rows = new int[ids.length];
    int next = padding + 1;
    for (int i = 0; i < ids.length; i++) {
      // RoBERTa: padding tokens all take the padding row, the others count on without them.
      rows[i] = padding >= 0 && ids[i] == padding ? padding : next++;
    }
    return rows;
  }

  private Parameters parameters(GraphBuilder graph, Weights weights) {
    return new Parameters(graph, weights, config, family, names.prefix, WORDS);
  }

  @Override
  public Value head(
      GraphBuilder graph, Weights weights, Head head, HeadSettings settings, States states) {
    Parameters p = parameters(graph, weights);
    return new BertHeads(graph, this, kind, p, WORDS)
        .of(head, Size.labels(settings, weights, "classifier", "classifier.out_proj"), states);
  }

  @Override
  public States encode(GraphBuilder graph, Weights weights, boolean maps) {
    Parameters p = parameters(graph, weights);
    TensorType perToken = TensorType.of(DType.I32, "tokens");
    Value ids = graph.input(INPUT_IDS, perToken);
    Value positionIds = graph.input(POSITIONS, perToken);
    Value typeIds = hasTokenTypes() ? graph.input(TOKEN_TYPE_IDS, perToken) : null;
    Value cuSeqLens =
        graph.input(CU_SEQ_LENS, TensorType.of(DType.I32, Dim.symbol("sequences").plus(Dim.ONE)));

    Value x = p.rows(WORDS, vocabulary, embedding, ids);
    if (typeIds != null) {
      x =
          graph.add(
              x, p.rows("embeddings.token_type_embeddings.weight", types, embedding, typeIds));
    }
    x =
        graph.add(
            x, p.rows("embeddings.position_embeddings.weight", positions, embedding, positionIds));
    x = p.layerNorm("embeddings.LayerNorm", x, embedding, epsilon);
    if (embedding.value() != hidden.value()) {
      x = p.linear("embeddings_project", x, embedding, hidden);
    }

    List<Value> states = new ArrayList<>(List.of(x));
    List<Value> attention = new ArrayList<>();
    for (int i = 0; i < layers.value(); i++) {
      x = layer(graph, p, names.layer + i + ".", x, cuSeqLens, maps ? attention : null);
      states.add(x);
    }
    return new States(cuSeqLens, states, attention, pooled(graph, p, x, cuSeqLens));
  }

  private Value layer(
      GraphBuilder graph, Parameters p, String at, Value x, Value cuSeqLens, List<Value> maps) {
    Value query = p.linear(at + names.query, x, hidden, hidden);
    Value key = p.linear(at + names.key, x, hidden, hidden);
    Value value = p.linear(at + names.value, x, hidden, hidden);
    Attention op =
        Attention.of(heads.value(), hidden.value() / heads.value(), Attention.Layout.RAGGED)
            .with(maps == null ? Attention.Map.NONE : Attention.Map.WEIGHTS);
    List<Value> attended =
        graph.addAll(
            at + "attention", op, maps == null ? 1 : 2, query, key, value, null, cuSeqLens);
    if (maps != null) {
      maps.add(attended.get(Attention.MAP));
    }
    Value mixed = p.linear(at + names.output, attended.get(Attention.Y), hidden, hidden);
    x = p.layerNorm(at + names.attentionNorm, graph.add(x, mixed), hidden, epsilon);
    Value up = graph.unary(activation, p.linear(at + names.up, x, hidden, intermediate));
    Value down = p.linear(at + names.down, up, intermediate, hidden);
    return p.layerNorm(at + names.outputNorm, graph.add(x, down), hidden, epsilon);
  }

  /** {@code tanh(dense(first token))}, trained with BERT's task of telling the next sentence. */
  private Value pooled(GraphBuilder graph, Parameters p, Value last, Value cuSeqLens) {
    if (!p.has("pooler.dense.weight")) {
      return null;
    }
    return pooled(graph, p, graph.pool(SegmentPool.Kind.FIRST, last, cuSeqLens));
  }

  Value pooled(GraphBuilder graph, Parameters p, Value first) {
    return graph.unary(Unary.Kind.TANH, p.linear("pooler.dense", first, hidden, hidden));
  }
}
