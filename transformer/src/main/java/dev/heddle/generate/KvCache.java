package dev.heddle.generate;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.OutOfDeviceMemoryException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.model.Decoder;
import dev.heddle.model.DecoderGraph;
import dev.heddle.op.CacheWrite;
import dev.heddle.pass.Passes;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Keys and values of many sequences, in pages of one bounded pool (Kwon et al., "PagedAttention",
 * 2023). Sequences share the pages of a common beginning, and get their own when they write.
 *
 * <p>Layers that look back on a window hold what lies in it, in pages apart from those of layers
 * that look back on everything. Memory is taken once, when the cache is made. Not for several
 * threads at once.
 */
public final class KvCache implements AutoCloseable {
  /**
   * How large a cache is.
   *
   * @param tokens tokens of all sequences together
   * @param sequences sequences at a time
   * @param step tokens of a sequence that one step adds at most
   * @param storage how it is stored
   */
  public record Size(int tokens, int sequences, int step, DecoderGraph.Storage storage) {
    /** The same, stored in {@code computed} where it says no type itself. */
    Size in(DType computed) {
      return new Size(tokens, sequences, step, storage.in(computed));
    }
  }

  private final Backend backend;
  private final Size size;
  private final String prefix;
  private final List<Group> groups = new ArrayList<>();
  private final Set<Sequence> sequences = new LinkedHashSet<>();
  private boolean closed;

  /** Layers that look back equally far. */
  private final class Group {
    private final int window;
    private final PagePool pool;
    private final List<String> names = new ArrayList<>();
    private final List<Tensor> tensors = new ArrayList<>();
    private Program copy;

    Group(int window, int pages) {
      this.window = window;
      this.pool = new PagePool(pages);
    }

    void add(int layer, Decoder.CacheLayer columns) {
      add(prefix + "keys." + layer, columns.keyColumns());
      add(prefix + "values." + layer, columns.valueColumns());
    }

    private void add(String name, int columns) {
      DType type = size.storage.dtype();
      if (columns % type.blockElements() != 0) {
        throw new GenerationException(
            "%s has rows of %d elements; a cache of %s wants heads of a multiple of %d: store it as f16"
                .formatted(name, columns, type, type.blockElements()));
      }
      Shape shape = Shape.of(pool.pages(), pageTokens(), columns);
      try (HostTensor zeros = HostTensor.allocate(type, shape)) {
        names.add(name);
        tensors.add(backend.upload(zeros));
      } catch (OutOfMemoryError e) {
        long bytes = type.bytes(shape.elements());
        OutOfDeviceMemoryException refused =
            new OutOfDeviceMemoryException(
                bytes,
                0,
                bytes,
                "%s of a key/value cache of %,d tokens".formatted(name, size.tokens),
                "Ask for fewer beams, sequences or new tokens at a time.");
        refused.initCause(e);
        throw refused;
      }
    }

    void put(Inputs inputs) {
      for (int i = 0; i < names.size(); i++) {
        inputs.put(names.get(i), tensors.get(i));
      }
    }

    /** Copies the first {@code tokens} tokens of a page to another, in all layers. */
    void copy(int from, int to, int tokens) {
      if (copy == null) {
        copy = backend.compile(copyGraph(), CompileOptions.DEFAULT);
      }
      int[] source = new int[tokens];
      int[] target = new int[tokens];
      for (int i = 0; i < tokens; i++) {
        source[i] = from * pageTokens() + i;
        target[i] = to * pageTokens() + i;
      }
      Inputs inputs = new Inputs();
      put(inputs);
      inputs.put("from", HostTensor.of(source, tokens)).put("to", HostTensor.of(target, tokens));
      try (Outputs _ = copy.run(inputs)) {
        // The cache has been written; of the outputs nothing is wanted.
      }
    }

    private Graph copyGraph() {
      GraphBuilder g = new GraphBuilder("copy of a page");
      Value from = g.input("from", TensorType.of(DType.I32, "tokens"));
      Value to = g.input("to", TensorType.of(DType.I32, "tokens"));
      for (int i = 0; i < names.size(); i++) {
        Shape shape = tensors.get(i).shape();
        Value cache = g.input(names.get(i), TensorType.of(size.storage.dtype(), shape));
        Value rows = g.embedding(names.get(i) + ".rows", byToken(g, cache, shape), from);
        Value written = g.add(names.get(i) + ".write", new CacheWrite(), cache, rows, to);
        // What was written, so that the write is not dead code.
        Value done = g.embedding(names.get(i) + ".done", byToken(g, written, shape), to);
        g.output(names.get(i) + ".done", done);
      }
      return Passes.standard().apply(g.build());
    }

    private static Value byToken(GraphBuilder g, Value cache, Shape shape) {
      return g.reshape(cache, shape.dim(0) * shape.dim(1), shape.dim(2));
    }

    void close() {
      if (copy != null) {
        copy.close();
      }
      tensors.forEach(Tensor::close);
    }
  }

  /**
   * Takes the memory.
   *
   * @throws dev.heddle.backend.OutOfDeviceMemoryException if it is not there
   */
  public KvCache(Backend backend, Decoder decoder, Size size) {
    this(backend, decoder.cacheLayers(), "", size);
  }

  /** The same of {@code layers}; their tensors' names begin with {@code prefix}. */
  KvCache(Backend backend, List<Decoder.CacheLayer> layers, String prefix, Size size) {
    this.backend = backend;
    this.size = size;
    this.prefix = prefix;
    try {
      for (int window : DecoderGraph.windows(layers)) {
        Group group = new Group(window, pages(window));
        groups.add(group);
        for (int i = 0; i < layers.size(); i++) {
          if (layers.get(i).window() == window) {
            group.add(i, layers.get(i));
          }
        }
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private int pages(int window) {
    int all = Math.ceilDiv(size.tokens, pageTokens());
    if (window == 0) {
      return all;
    }
    // A window, a step, and what a page at either end holds besides.
    long own = Math.ceilDiv((long) window + size.step, (long) pageTokens()) + 1;
    return (int) Math.min(all, own * size.sequences);
  }

  int pageTokens() {
    return size.storage.pageTokens();
  }

  /** Gives a run its tensors. */
  void put(Inputs inputs) {
    groups.forEach(group -> group.put(inputs));
  }

  int groups() {
    return groups.size();
  }

  /** Tokens that still fit, if they are one sequence's. */
  public int freeTokens() {
    return groups.stream().mapToInt(group -> group.pool.free()).min().orElse(0) * pageTokens();
  }

  /** Pages that there are, of all windows. */
  int pages() {
    int all = 0;
    for (int g = 0; g < groups.size(); g++) {
      all += groups.get(g).pool.pages();
    }
    return all;
  }

  /** Those that no sequence holds. */
  int freePages() {
    int all = 0;
    for (int g = 0; g < groups.size(); g++) {
      all += groups.get(g).pool.free();
    }
    return all;
  }

  /** Whether a new sequence of {@code tokens} tokens finds room, step by step. */
  boolean fits(int tokens) {
    for (int g = 0; g < groups.size(); g++) {
      Group group = groups.get(g);
      int held = group.window > 0 ? Math.min(tokens, size.step) : tokens;
      if (Math.ceilDiv(held, pageTokens()) > group.pool.free()) {
        return false;
      }
    }
    return true;
  }

  /** Whether one sequence of {@code tokens} tokens fits if there is no other. */
  boolean holds(int tokens) {
    int full = Math.ceilDiv(tokens, pageTokens());
    for (int g = 0; g < groups.size(); g++) {
      if (groups.get(g).window == 0 && full > groups.get(g).pool.pages()) {
        return false;
      }
    }
    return true;
  }

  /** Begins an empty sequence, which its owner closes; {@code name} is for errors. */
  public Sequence begin(String name) {
    return begin(name, null);
  }

  /** The same of a sequence that looks at {@code source} too, whose owner closes it after this. */
  Sequence begin(String name, Sequence source) {
    if (closed) {
      throw new IllegalStateException("the cache was closed");
    }
    Sequence sequence = new Sequence(name, source);
    sequences.add(sequence);
    return sequence;
  }

  /** Frees the memory, and with it all sequences. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      sequences.clear();
      groups.forEach(Group::close);
    }
  }

  /** Tokens whose keys and values are kept. */
  public final class Sequence implements AutoCloseable {
    private final String name;
    private final PageTable[] tables;
    private final Sequence source;
    private int length;
    private boolean ended;

    private Sequence(String name, Sequence source) {
      this.name = name;
      this.source = source;
      this.tables = new PageTable[groups.size()];
      for (int g = 0; g < tables.length; g++) {
        tables[g] = new PageTable();
      }
    }

    /** Tokens kept. */
    public int length() {
      return length;
    }

    /** What an encoder has read for this sequence, in a cache of its own; null for nothing. */
    Sequence source() {
      return source;
    }

    /** Another sequence with the same tokens, whose pages are shared until either writes. */
    public Sequence fork(String otherName) {
      Sequence other = begin(otherName, source);
      for (int g = 0; g < tables.length; g++) {
        PagePool pool = groups.get(g).pool;
        tables[g].copyTo(other.tables[g], pool);
      }
      other.length = length;
      return other;
    }

    /**
     * Makes room for {@code count} more tokens.
     *
     * @throws KvCacheFullException if there is none; then nothing has changed
     */
    void reserve(int count) {
      for (int g = 0; g < tables.length; g++) {
        int needed = needed(g, count);
        if (needed > groups.get(g).pool.free()) {
          throw full(count, needed, groups.get(g).pool);
        }
      }
      for (int g = 0; g < tables.length; g++) {
        reserve(groups.get(g), tables[g], count);
      }
    }

    /**
     * Whether {@code count} more tokens find room, step by step, if nobody else takes it: where
     * layers look back on a window, its pages are used again.
     */
    boolean fits(int count) {
      for (int g = 0; g < tables.length; g++) {
        int held = groups.get(g).window > 0 ? Math.min(count, size.step) : count;
        if (needed(g, held) > groups.get(g).pool.free()) {
          return false;
        }
      }
      return true;
    }

    private int needed(int g, int count) {
      int last = Math.ceilDiv(length + count, pageTokens());
      int inside = length % pageTokens();
      boolean shares = count > 0 && inside > 0 && tables[g].isShared(page(), groups.get(g).pool);
      return last - tables[g].count() + (shares ? 1 : 0);
    }

    private int page() {
      return length / pageTokens();
    }

    private void reserve(Group group, PageTable table, int count) {
      int inside = length % pageTokens();
      if (count > 0 && inside > 0 && table.isShared(page(), group.pool)) {
        int own = group.pool.take();
        try {
          group.copy(table.page(page()), own, inside);
        } catch (RuntimeException | Error e) {
          group.pool.release(own);
          throw e;
        }
        group.pool.release(table.page(page()));
        table.set(page(), own);
      }
      while (table.count() < Math.ceilDiv(length + count, pageTokens())) {
        table.add(group.pool.take());
      }
    }

    private KvCacheFullException full(int count, int needed, PagePool pool) {
      StringBuilder held = new StringBuilder();
      sequences.forEach(other ->
          held.append(held.isEmpty() ? "" : ", ").append(other.name + ": " + other.length));
      return new KvCacheFullException(
          ("%d more tokens of %s need %d pages of %d tokens; %d of %d are free. Tokens are held by"
                  + " %s. End sequences, or make the cache larger")
              .formatted(count, name, needed, pageTokens(), pool.free(), pool.pages(), held));
    }

    /** Where group {@code g} keeps the token at {@code position}: a slot. */
    int slot(int g, int position) {
      return tables[g].page(position / pageTokens()) * pageTokens() + position % pageTokens();
    }

    /** Pages of group {@code g}, those let go included. */
    int pages(int g) {
      return tables[g].count();
    }

    /** Page {@code index} of group {@code g}; -1 where it was let go. */
    int page(int g, int index) {
      return tables[g].page(index);
    }

    /** Counts {@code count} tokens that a step has written, and lets go what is out of windows. */
    void commit(int count) {
      length += count;
      for (int g = 0; g < tables.length; g++) {
        int window = groups.get(g).window;
        if (window > 0) {
          // The next token sees those from length - window + 1 on.
          tables[g].drop(Math.max(0, length - window + 1) / pageTokens(), groups.get(g).pool);
        }
      }
    }

    /**
     * Forgets all tokens from {@code tokens} on.
     *
     * @throws IllegalArgumentException if there are not as many, or a window has let go what the
     *     next token would see
     */
    public void truncate(int tokens) {
      if (tokens < 0 || tokens > length) {
        throw new IllegalArgumentException("%d tokens; %s has %d".formatted(tokens, name, length));
      }
      if (!canTruncate(tokens)) {
        throw new IllegalArgumentException(
            "%s cannot go back to %d tokens: a window has let go of some that the next would see"
                .formatted(name, tokens));
      }
      for (int g = 0; g < tables.length; g++) {
        tables[g].truncate(Math.ceilDiv(tokens, pageTokens()), groups.get(g).pool);
      }
      length = tokens;
    }

    /** Whether all that the token behind {@code tokens} would see is still there. */
    boolean canTruncate(int tokens) {
      for (int g = 0; g < tables.length; g++) {
        int window = groups.get(g).window;
        int first = window > 0 ? Math.max(0, tokens - window + 1) : 0;
        if (tokens > first && tables[g].page(first / pageTokens()) < 0) {
          return false;
        }
      }
      return true;
    }

    /** Gives its pages back. */
    @Override
    public void close() {
      if (!ended && !closed) {
        ended = true;
        sequences.remove(this);
        for (int g = 0; g < tables.length; g++) {
          tables[g].truncate(0, groups.get(g).pool);
        }
      }
    }

    /** {@code chat: 37 tokens}. */
    @Override
    public String toString() {
      return name + ": " + length + " tokens";
    }
  }
}
