package dev.heddle.model;

import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.op.Attention;
import dev.heddle.op.CacheWrite;
import dev.heddle.op.Gather;
import dev.heddle.op.RotaryEmbedding;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
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
 */
public final class DecoderGraph {
  public static final String INPUT_IDS = "input_ids";
  public static final String POSITIONS = "positions";
  public static final String CU_SEQ_LENS = "cu_seq_lens";
  public static final String KEY_LENGTHS = "key_lengths";
  public static final String LOGIT_ROWS = "logit_rows";
  public static final String ROPE_COS = "rope_cos";
  public static final String ROPE_SIN = "rope_sin";

  /**
   * How a cache stores keys and values.
   *
   * @param dtype F32 or F16
   * @param pageTokens tokens of a page
   */
  public record Storage(DType dtype, int pageTokens) {}

  private final GraphBuilder graph;
  private final Decoder decoder;
  private final Storage storage;
  private final boolean maps;
  private final Value ids;
  private final Value positions;
  private final Value cuSeqLens;
  private final Value keyLengths;
  private final Map<Rope, Value[]> tables = new HashMap<>();
  private final Value[] slots;
  private final Value[] pages;
  private final List<Value> hidden = new ArrayList<>();
  private final List<Value> attention = new ArrayList<>();
  private int layer;

  private DecoderGraph(GraphBuilder graph, Decoder decoder, Storage storage, boolean maps) {
    this.graph = graph;
    this.decoder = decoder;
    this.storage = storage;
    this.maps = maps;
    Dim sequences = Dim.symbol("sequences");
    TensorType perToken = TensorType.of(DType.I32, "tokens");
    this.ids = graph.input(INPUT_IDS, perToken);
    this.positions = graph.input(POSITIONS, perToken);
    this.cuSeqLens = graph.input(CU_SEQ_LENS, TensorType.of(DType.I32, sequences.plus(Dim.ONE)));
    int groups = storage == null ? 0 : windows(decoder).size();
    this.slots = new Value[groups];
    this.pages = new Value[groups];
    for (int g = 0; g < groups; g++) {
      slots[g] = graph.input("slots." + g, perToken);
      pages[g] = graph.input("pages." + g, TensorType.of(DType.I32, sequences, "most." + g));
    }
    this.keyLengths =
        storage == null ? null : graph.input(KEY_LENGTHS, TensorType.of(DType.I32, sequences));
  }

  /** A graph over whole sequences, which keeps nothing; {@code maps} for attention weights. */
  static DecoderGraph whole(GraphBuilder graph, Decoder decoder, boolean maps) {
    return new DecoderGraph(graph, decoder, null, maps);
  }

  /** A graph over what is new of each sequence. */
  public static DecoderGraph cached(GraphBuilder graph, Decoder decoder, Storage storage) {
    return new DecoderGraph(graph, decoder, storage, false);
  }

  /** The windows that layers look back on, each once, in the order of the layers. */
  public static List<Integer> windows(Decoder decoder) {
    return decoder.cacheLayers().stream().map(Decoder.CacheLayer::window).distinct().toList();
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

  /** The rows of {@code x} that logits are wanted of. */
  public Value logitRows(Value x) {
    Value rows = graph.input(LOGIT_ROWS, TensorType.of(DType.I32, "rows"));
    return graph.add("logit_rows", new Gather(0), x, rows);
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
    Attention shown = op.with(maps ? Attention.Map.WEIGHTS : Attention.Map.NONE);
    int own = layer++;
    if (storage == null) {
      List<Value> outputs =
          graph.addAll(
              name, shown, maps ? 2 : 1, query, key, value, null, cuSeqLens, null, null, slopes);
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
        null,
        pages[group]);
  }

  private Value write(String name, String input, int group, int columns, Value rows) {
    TensorType type =
        TensorType.of(storage.dtype(), "cache." + group, storage.pageTokens(), columns);
    return graph.add(name, new CacheWrite(), graph.input(input, type), rows, slots[group]);
  }
}
