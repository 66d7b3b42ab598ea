package dev.heddle.generate;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.model.Encoder;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.op.CacheWrite;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.TensorType;
import dev.heddle.weights.Weights;

/**
 * Reads the sources of an encoder–decoder: the encoder runs once a source, and all that the decoder
 * will look at, its layers' keys and values, stays in a {@link KvCache} of its own.
 */
final class SourceEncoder implements AutoCloseable {
  private static final String SLOTS = DecoderGraph.SOURCE + "slots.0";

  private final EncoderDecoder model;
  private final KvCache cache;
  private final KvCache.Size size;
  private final Program program;
  private long runs;

  /**
   * Compiles the encoder and takes the memory.
   *
   * @param size how much of sources is held; its step is the longest source
   */
  SourceEncoder(
      String name,
      EncoderDecoder model,
      Weights weights,
      Backend backend,
      KvCache.Size size,
      CompileOptions options) {
    this.model = model;
    this.size = size;
    this.cache = new KvCache(backend, model.sourceLayers(), DecoderGraph.SOURCE, size);
    try {
      this.program = backend.compile(Passes.standard().apply(graph(name, weights)), options);
    } catch (RuntimeException | Error e) {
      cache.close();
      throw e;
    }
  }

  private Graph graph(String name, Weights weights) {
    GraphBuilder graph = new GraphBuilder(name + " encoder");
    Encoder.States states = model.encode(graph, weights, false);
    Value slots = graph.input(SLOTS, TensorType.of(DType.I32, "tokens"));
    int layer = 0;
    for (Decoder.CacheLayer columns : model.sourceLayers()) {
      EncoderDecoder.KeysValues kept = model.source(graph, weights, layer, states.last());
      write(graph, "keys." + layer, columns.keyColumns(), kept.keys(), slots);
      write(graph, "values." + layer, columns.valueColumns(), kept.values(), slots);
      layer++;
    }
    return graph.build();
  }

  private void write(GraphBuilder graph, String name, int columns, Value rows, Value slots) {
    String own = DecoderGraph.SOURCE + name;
    DecoderGraph.Storage storage = size.storage();
    TensorType type = TensorType.of(storage.dtype(), "cache", storage.pageTokens(), columns);
    Value written =
        graph.add(own + ".write", new CacheWrite(), graph.input(own, type), rows, slots);
    // One row of what was written, so that the write is not dead code.
    Value page = graph.slice(written, 0, Dim.ZERO, Dim.ONE);
    graph.output(own + ".done", graph.slice(page, 1, Dim.ZERO, Dim.ONE));
  }

  /** What holds the sources. */
  KvCache cache() {
    return cache;
  }

  /** How often the encoder has run. */
  long runs() {
    return runs;
  }

  /**
   * Reads a source.
   *
   * @return its keys and values, which the caller closes
   * @throws InvalidInputException if it has no ids, too many, or one that is not the model's
   * @throws KvCacheFullException if there is no room
   */
  KvCache.Sequence encode(int[] ids) {
    int longest = Math.min(model.sourceLength(), size.step());
    if (ids.length == 0 || ids.length > longest) {
      throw new InvalidInputException(
          "a source of %d tokens; %s takes 1 to %d".formatted(ids.length, model.family(), longest));
    }
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= model.sourceVocabularySize()) {
        throw new InvalidInputException(
            "id %d at position %d of the source; %s has 0 to %d"
                .formatted(ids[i], i, model.family(), model.sourceVocabularySize() - 1));
      }
    }
    KvCache.Sequence source = cache.begin("source");
    try {
      source.reserve(ids.length);
      try (Outputs _ = program.run(inputs(source, ids))) {
        // The cache has been written; of the outputs nothing is wanted.
      }
      runs++;
      source.commit(ids.length);
      return source;
    } catch (RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  private Inputs inputs(KvCache.Sequence source, int[] ids) {
    int n = ids.length;
    int[] slots = new int[n];
    for (int i = 0; i < n; i++) {
      slots[i] = source.slot(0, i);
    }
    Inputs inputs =
        Inputs.of(Encoder.INPUT_IDS, HostTensor.of(ids, n))
            .put(Encoder.POSITIONS, HostTensor.of(model.sourcePositions(ids), n))
            .put(Encoder.CU_SEQ_LENS, HostTensor.of(new int[] {0, n}, 2))
            .put(SLOTS, HostTensor.of(slots, n));
    cache.put(inputs);
    return inputs;
  }

  @Override
  public void close() {
    program.close();
    cache.close();
  }
}
