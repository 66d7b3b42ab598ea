package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Gather;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.op.Sample;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.Weights;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A decoder's graph while it is built: its inputs, and attention with a cache or without.
 *
 * <p>Inputs of every graph, I32: {@value #INPUT_IDS} and {@value #POSITIONS} {@code [tokens]},
 * {@value #CU_SEQ_LENS} {@code [sequences + 1]}. With a cache there are also, I32, {@value
 * #KEY_LENGTHS} {@code [sequences]}, tokens of each sequence with those of this run; {@value
 * #LOGIT_ROWS} {@code [rows]}, the tokens whose logits are wanted; for each window g of {@link
 * #windows} {@code slots.g [tokens]}, where this run's keys and values go, and {@code pages.g
 * [sequences, most.g]}; and the cache's own tensors, {@code keys.i} and {@code values.i} of each
 * layer, {@code [pages.g, pageTokens, columns]}.
 *
 * <p>An {@link EncoderDecoder}'s graph over what is new takes its sources' keys and values as a
 * cache too: {@value #SOURCE}{@code keys.i} and {@code values.i}, {@value #SOURCE}{@code pages.0
 * [sequences, most]}, and {@value #SOURCE}{@value #KEY_LENGTHS} {@code [sequences]}. Over whole
 * sequences it has the encoder in it, and the decoder's own inputs begin with {@value #DECODER}.
 */
public final class DecoderGraph {
  public static final String INPUT_IDS = "input_ids";
  public static final String POSITIONS = "positions";
  public static final String CU_SEQ_LENS = "cu_seq_lens";
  public static final String KEY_LENGTHS = "key_lengths";
  public static final String LOGIT_ROWS = "logit_rows";

  /** What the inputs about sources begin with. */
  public static final String SOURCE = "source_";

  /** What a decoder's inputs begin with beside an encoder's. */
  public static final String DECODER = "decoder_";

  public static final String TEMPERATURE = "temperature";
  public static final String TOP_K = "top_k";
  public static final String TOP_P = "top_p";
  public static final String UNIFORM = "uniform";
  public static final String ROPE_COS = "rope_cos";
  public static final String ROPE_SIN = "rope_sin";

  /**
   * How a cache stores keys and values.
   *
   * @param dtype F32, F16, BF16, or Q8_0, where heads have a multiple of 32 elements; null for the
   *     type that the model computes in
   * @param pageTokens tokens of a page
   */
  public record Storage(DType dtype, int pageTokens) {
    /** The same, in {@code computed} where it says no type itself. */
    public Storage in(DType computed) {
      return dtype == null ? new Storage(computed, pageTokens) : this;
    }
  }

  private final GraphBuilder graph;
  private final Decoder decoder;
  private final Storage storage;
  private final boolean maps;
  private final Value ids;
  private final Value positions;
  private final Value cuSeqLens;
  private final Value keyLengths;
  private final Source source;
  private final Map<Rope, Value[]> tables = new HashMap<>();
  private final Value[] slots;
  private final Value[] pages;
  private final List<Value> hidden = new ArrayList<>();
  private final List<Value> attention = new ArrayList<>();
  private final List<Value> sourceAttention = new ArrayList<>();
  private int layer;
  private int sourceLayer;

  /** Whom cross-attention looks at. */
  private sealed interface Source {
    /** What the encoder in the same graph has made of whole sequences. */
    record States(EncoderDecoder model, Weights weights, Encoder.States of) implements Source {}

    /** What is kept of them. */
    record Kept(List<Decoder.CacheLayer> layers, Value lengths, Value pages) implements Source {}
  }

  private DecoderGraph(
      GraphBuilder graph, Decoder decoder, Storage storage, Source.States states, boolean maps) {
    this.graph = graph;
    this.decoder = decoder;
    this.storage = storage;
    this.maps = maps;
    Dim sequences = Dim.symbol("sequences");
    String prefix = states == null ? "" : DECODER;
    TensorType perToken = TensorType.of(DType.I32, prefix + "tokens");
    TensorType starts = TensorType.of(DType.I32, sequences.plus(Dim.ONE));
    this.ids = graph.input(prefix + INPUT_IDS, perToken);
    this.positions = graph.input(prefix + POSITIONS, perToken);
    this.cuSeqLens = graph.input(prefix + CU_SEQ_LENS, starts);
    int groups = storage == null ? 0 : windows(decoder).size();
    this.slots = new Value[groups];
    this.pages = new Value[groups];
    for (int g = 0; g < groups; g++) {
      slots[g] = graph.input("slots." + g, perToken);
      pages[g] = graph.input("pages." + g, TensorType.of(DType.I32, sequences, "most." + g));
    }
    this.keyLengths =
        storage == null ? null : graph.input(KEY_LENGTHS, TensorType.of(DType.I32, sequences));
    this.source = storage == null ? states : kept(graph, decoder, sequences);
  }

  private static Source.Kept kept(GraphBuilder graph, Decoder decoder, Dim sequences) {
    return decoder instanceof EncoderDecoder model
        ? new Source.Kept(
            model.sourceLayers(),
            graph.input(SOURCE + KEY_LENGTHS, TensorType.of(DType.I32, sequences)),
            graph.input(
                SOURCE + "pages.0", TensorType.of(DType.I32, sequences, "most." + SOURCE + "0")))
        : null;
  }

  /** A graph over whole sequences, which keeps nothing; {@code maps} for attention weights. */
  static DecoderGraph whole(GraphBuilder graph, Decoder decoder, boolean maps) {
    return new DecoderGraph(graph, decoder, null, null, maps);
  }

  /** The same of a decoder beside its encoder, which has read the {@code source}. */
  static DecoderGraph whole(
      GraphBuilder graph,
      EncoderDecoder model,
      Weights weights,
      Encoder.States source,
      boolean maps) {
    return new DecoderGraph(graph, model, null, new Source.States(model, weights, source), maps);
  }

  /** A graph over what is new of each sequence. */
  public static DecoderGraph cached(GraphBuilder graph, Decoder decoder, Storage storage) {
    return new DecoderGraph(graph, decoder, storage, null, false);
  }

  /** The windows that layers look back on, each once, in the order of the layers. */
  public static List<Integer> windows(Decoder decoder) {
    return windows(decoder.cacheLayers());
  }

  /** The same of these layers. */
  public static List<Integer> windows(List<Decoder.CacheLayer> layers) {
    return layers.stream().map(Decoder.CacheLayer::window).distinct().toList();
  }

  GraphBuilder graph() {
    return graph;
  }

  Value ids() {
    return ids;
  }

  Value positions() {
    return positions;
  }

  /** Shows {@code x} as the state after the embeddings, or after a layer. */
  Value state(Value x) {
    hidden.add(x);
    return x;
  }

  /** What {@link #state} was given. */
  List<Value> hidden() {
    return hidden;
  }

  /** Each layer's weights, {@code [heads, tokens, max_keys]}, if wanted. */
  List<Value> attention() {
    return attention;
  }

  /** Each layer's weights of the source, {@code [heads, tokens, max_keys]}, if wanted. */
  List<Value> sourceAttention() {
    return sourceAttention;
  }

  /** The rows of {@code x} that logits are wanted of. */
  public Value logitRows(Value x) {
    Value rows = graph.input(LOGIT_ROWS, TensorType.of(DType.I32, "rows"));
    return graph.add("logit_rows", new Gather(0), x, rows);
  }

  /**
   * A token for each row of {@code logits}: the outputs of {@link Sample}, by inputs of the graph,
   * {@value #TEMPERATURE}, {@value #TOP_K}, {@value #TOP_P} and {@value #UNIFORM} {@code [rows]}.
   *
   * @param outputs 1 for the ids, 2 for their log-probabilities as well
   */
  public List<Value> sample(Value logits, int outputs) {
    TensorType floats = TensorType.of(DType.F32, "rows");
    return graph.addAll(
        "sample",
        new Sample(),
        outputs,
        logits,
        graph.input(TEMPERATURE, floats),
        graph.input(TOP_K, TensorType.of(DType.I32, "rows")),
        graph.input(TOP_P, floats),
        graph.input(UNIFORM, floats));
  }

  /** {@code x [tokens, heads * headDim]}, the first elements of each head rotated. */
  Value rotate(String name, Rope rope, boolean interleaved, int heads, Value x) {
    Value[] table = tables.computeIfAbsent(rope, this::tables);
    RotaryEmbedding op = new RotaryEmbedding(heads, rope.dim(), interleaved);
    return rope.byLength() == null
        ? graph.add(name, op, x, table[0], table[1], positions)
        : graph.add(name, op, x, table[0], table[1]);
  }

  private Value[] tables(Rope rope) {
    if (rope.byLength() != null) {
      TensorType type = TensorType.of(DType.F32, "tokens", rope.dim() / 2);
      return new Value[] {graph.input(ROPE_COS, type), graph.input(ROPE_SIN, type)};
    }
    List<HostTensor> made = rope.tables(decoder.contextLength());
    String number = tables.isEmpty() ? "" : "." + tables.size();
    return new Value[] {
      graph.constant("rope.cos" + number, made.get(0)),
      graph.constant("rope.sin" + number, made.get(1))
    };
  }

  /**
   * The next layer's attention.
   *
   * @param op its {@link Attention.Layout#RAGGED} operation
   * @param slopes ALiBi's, or null
   */
  Value attend(String name, Attention op, Value query, Value key, Value value, Value slopes) {
    return attend(name, op, query, key, value, slopes, null);
  }

  /** The same with biases by distance, {@link Attention#RELATIVE}, or null. */
  Value attend(
      String name,
      Attention op,
      Value query,
      Value key,
      Value value,
      Value slopes,
      Value relative) {
    Attention shown = op.with(maps ? Attention.Map.WEIGHTS : Attention.Map.NONE);
    int own = layer++;
    if (storage == null) {
      List<Value> outputs =
          graph.addAll(
              name,
              shown,
              maps ? 2 : 1,
              query,
              key,
              value,
              null,
              cuSeqLens,
              null,
              null,
              slopes,
              relative);
      if (maps) {
        attention.add(outputs.get(Attention.MAP));
      }
      return outputs.get(Attention.Y);
    }
    Decoder.CacheLayer cache = decoder.cacheLayers().get(own);
    int group = windows(decoder).indexOf(cache.window());
    return graph.add(
        name,
        shown,
        query,
        write(name + ".keys", "keys." + own, group, cache.keyColumns(), key),
        write(name + ".values", "values." + own, group, cache.valueColumns(), value),
        null,
        cuSeqLens,
        null,
        keyLengths,
        slopes,
        relative,
        pages[group]);
  }

  /**
   * The next layer's attention to the source.
   *
   * @param op its {@link Attention.Layout#RAGGED} operation
   */
  Value attendSource(String name, Attention op, Value query) {
    int own = sourceLayer++;
    return switch (source) {
      case Source.States(EncoderDecoder model, Weights weights, Encoder.States states) -> {
        EncoderDecoder.KeysValues of = model.source(graph, weights, own, states.last());
        List<Value> outputs =
            graph.addAll(
                name,
                op.with(maps ? Attention.Map.WEIGHTS : Attention.Map.NONE),
                maps ? 2 : 1,
                query,
                of.keys(),
                of.values(),
                null,
                cuSeqLens,
                states.cuSeqLens());
        if (maps) {
          sourceAttention.add(outputs.get(Attention.MAP));
        }
        yield outputs.get(Attention.Y);
      }
      case Source.Kept kept -> {
        Decoder.CacheLayer cache = kept.layers.get(own);
        Value keys = graph.input(SOURCE + "keys." + own, cache(SOURCE + "0", cache.keyColumns()));
        Value values =
            graph.input(SOURCE + "values." + own, cache(SOURCE + "0", cache.valueColumns()));
        yield graph.add(
            name,
            op,
            query,
            keys,
            values,
            null,
            cuSeqLens,
            null,
            kept.lengths,
            null,
            null,
            kept.pages);
      }
    };
  }

  private Value write(String name, String input, int group, int columns, Value rows) {
    Value cache = graph.input(input, cache(Integer.toString(group), columns));
    return graph.add(name, new CacheWrite(), cache, rows, slots[group]);
  }

  private TensorType cache(String group, int columns) {
    return TensorType.of(storage.dtype(), "cache." + group, storage.pageTokens(), columns);
  }
}
